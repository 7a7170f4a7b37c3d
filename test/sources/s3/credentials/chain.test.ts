import { describe, expect, test } from 'vitest';
import { SettingsError } from '../../../../src/failure/failure.ts';
import {
  describe as describeLink,
  filesOf,
  onlyLink,
  wholeChain,
} from '../../../../src/sources/s3/credentials/chain.ts';

const role = { AWS_ROLE_ARN: 'arn:aws:iam::1:role/r', AWS_WEB_IDENTITY_TOKEN_FILE: '/token' };
const full = { AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://169.254.170.23/v1/credentials' };
const relative = { AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: '/v2/credentials/x' };

const kinds = (env: NodeJS.ProcessEnv) => wholeChain(env).map(({ kind }) => kind);

describe('the chain', () => {
  test.each([
    [{}, ['shared-files', 'none', 'none', 'imds']],
    [role, ['shared-files', 'irsa', 'none', 'imds']],
    [full, ['shared-files', 'none', 'pod-identity', 'imds']],
    [{ ...full, ...relative }, ['shared-files', 'none', 'ecs', 'imds']],
    [{ AWS_EC2_METADATA_DISABLED: 'true' }, ['shared-files', 'none', 'none', 'none']],
    [{ AWS_EC2_METADATA_DISABLED: 'false' }, ['shared-files', 'none', 'none', 'imds']],
    [{ AWS_ROLE_ARN: 'arn:aws:iam::1:role/r' }, ['shared-files', 'half', 'none', 'imds']],
  ])('of %j is asked in the order of the SDK', (env, expected) => {
    expect(kinds({ HOME: '/home/x', ...env })).toEqual(expected);
  });

  test('names the files of the home directory, or of the variables', () => {
    const files = (env: NodeJS.ProcessEnv) => filesOf(onlyLink('shared-files', env));
    expect(files({ HOME: '/home/x' })).toEqual(['/home/x/.aws/credentials', '/home/x/.aws/config']);
    expect(files({ HOME: '/h', AWS_SHARED_CREDENTIALS_FILE: '/a', AWS_CONFIG_FILE: '/b' })).toEqual([
      '/a',
      '/b',
    ]);
  });

  test('describes a link by its role or profile', () => {
    expect(describeLink(onlyLink('irsa', role))).toBe('IRSA (role arn:aws:iam::1:role/r)');
    expect(describeLink(onlyLink('shared-files', { AWS_PROFILE: 'x' }))).toBe('shared files (profile "x")');
    expect(describeLink(onlyLink('imds', {}))).toBe('instance role (IMDS)');
  });
});

test.each([
  ['irsa', {}, 'AWS_ROLE_ARN'],
  ['irsa', { AWS_ROLE_ARN: 'arn:aws:iam::1:role/r' }, 'AWS_WEB_IDENTITY_TOKEN_FILE'],
  ['pod-identity', relative, 'AWS_CONTAINER_CREDENTIALS_FULL_URI'],
  ['ecs', full, 'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI'],
] as const)('%s cannot do without its variables', (kind, env, missing) => {
  expect(() => onlyLink(kind, env)).toThrow(SettingsError);
  expect(() => onlyLink(kind, env)).toThrow(
    `${missing}: is not set, and WHERRY_S3_CREDENTIALS=${kind} needs it`,
  );
});

test('a link that is asked for by name is asked though the chain would leave it out', () => {
  expect(onlyLink('imds', { AWS_EC2_METADATA_DISABLED: 'true' }).kind).toBe('imds');
  expect(onlyLink('pod-identity', { ...full, ...relative }).kind).toBe('pod-identity');
});
