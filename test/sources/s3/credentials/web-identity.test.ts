import { writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { DeniedError, UnreachableError } from '../../../../src/failure/failure.ts';
import { inAnHour, startSts, stsError } from '../../../support/aws-services.ts';
import { ForwardProxy } from '../../../support/git-proxy.ts';
import { credentialsBench, fileWith, never } from './credentials-bench.ts';

const roleArn = 'arn:aws:iam::123456789012:role/reader';

async function irsa(sts: { readonly url: string }, more: NodeJS.ProcessEnv = {}) {
  const tokenFile = await fileWith('first.web.token');
  const env = {
    AWS_ROLE_ARN: roleArn,
    AWS_WEB_IDENTITY_TOKEN_FILE: tokenFile,
    AWS_ENDPOINT_URL_STS: sts.url,
    ...more,
  };
  return { tokenFile, env };
}

describe.each(['irsa', 'auto'] as const)('with %s', (s3Credentials) => {
  test('a web identity becomes credentials of its role', async () => {
    const expiration = new Date(Math.floor(inAnHour().getTime() / 1000) * 1000);
    const sts = await startSts(() => ({ id: 'ASIA1', expiration }));
    const { env } = await irsa(sts);
    const { credentials, lines } = await credentialsBench({ s3Credentials }, env);
    expect(await credentials.get(never)).toEqual({
      accessKeyId: 'ASIA1',
      secretAccessKey: 'secret-of-ASIA1',
      sessionToken: 'token-of-ASIA1',
      expiresAt: expiration.getTime(),
    });
    expect(credentials.description).toBe(`IRSA (role ${roleArn})`);
    expect(Object.fromEntries(new URLSearchParams(sts.seen[0]?.body))).toMatchObject({
      Action: 'AssumeRoleWithWebIdentity',
      RoleArn: roleArn,
      WebIdentityToken: 'first.web.token',
    });
    expect(JSON.stringify(lines)).not.toMatch(/secret-of|token-of|web\.token/);
  });

  test('a role that is refused is the end of the search, with the cure', async () => {
    const sts = await startSts(() => stsError(403, 'AccessDenied', 'Not authorized'));
    const { env } = await irsa(sts, { AWS_EC2_METADATA_DISABLED: 'false' });
    const { credentials } = await credentialsBench({ s3Credentials }, env);
    const error = await credentials.get(never).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(DeniedError);
    expect(error.message).toBe(
      `AWS_ROLE_ARN: STS refused the role ${roleArn}: AccessDenied: Not authorized (HTTP 403); check that the role’s trust policy names this service account`,
    );
  });
});

test('a token that is not there is named with its variable', async () => {
  const { env } = await irsa(
    { url: 'http://127.0.0.1:1' },
    { AWS_WEB_IDENTITY_TOKEN_FILE: '/nowhere/token' },
  );
  const { credentials } = await credentialsBench({}, env);
  const error = await credentials.get(never).catch((thrown) => thrown);
  expect(error).toBeInstanceOf(DeniedError);
  expect(error.message).toBe(
    'AWS_WEB_IDENTITY_TOKEN_FILE: /nowhere/token is not there; mount the file there, or correct the variable',
  );
});

test('an STS that nobody reaches is no refusal', async () => {
  const { env } = await irsa({ url: 'http://127.0.0.1:1' });
  const { credentials } = await credentialsBench({}, env);
  const error = await credentials.get(never).catch((thrown) => thrown);
  expect(error).toBeInstanceOf(UnreachableError);
  expect(error.message).toContain('the connection was refused; check the way there');
});

test('half of the variables is an error, and no way to the role of the node', async () => {
  const { credentials } = await credentialsBench(
    {},
    { AWS_ROLE_ARN: roleArn, AWS_EC2_METADATA_DISABLED: 'false' },
  );
  await expect(credentials.get(never)).rejects.toThrow(
    'AWS_WEB_IDENTITY_TOKEN_FILE: is not set, and AWS_ROLE_ARN is',
  );
});

test('a token that is rotated is used at the next renewal', async () => {
  let next = 0;
  let shift = 0;
  const sts = await startSts(() => {
    next += 1;
    return { id: `ASIA${next}`, expiration: new Date(inAnHour().getTime() + shift) };
  });
  const { env, tokenFile } = await irsa(sts);
  const now = () => Date.now() + shift;
  const { credentials } = await credentialsBench({ s3Credentials: 'irsa' }, env, { now });
  const id = async () => (await credentials.get(never))?.accessKeyId;
  expect(await id()).toBe('ASIA1');
  await writeFile(tokenFile, 'second.web.token');
  shift = 3_700_000;
  expect(await id()).toBe('ASIA2');
  expect(sts.seen.at(-1)?.body).toContain('second.web.token');
});

test('STS is asked through the proxy of the variables', async () => {
  const proxy = await ForwardProxy.start();
  const sts = await startSts(() => ({ id: 'ASIA1', expiration: inAnHour() }));
  const { env } = await irsa(sts, { HTTP_PROXY: proxy.url });
  const { credentials } = await credentialsBench({}, env);
  expect(await credentials.get(never)).toMatchObject({ accessKeyId: 'ASIA1' });
  expect(proxy.seen).toEqual([`POST ${sts.url}/`]);
});

test('a proxy that refuses is told without its password', async () => {
  const proxy = await ForwardProxy.start('user:other');
  const HTTPS_PROXY = proxy.url.replace('//', '//user:hidden@');
  const { env } = await irsa({ url: 'https://127.0.0.1:1' }, { HTTPS_PROXY });
  const { credentials } = await credentialsBench({}, env);
  const error = await credentials.get(never).catch((thrown) => thrown);
  expect(error).toBeInstanceOf(UnreachableError);
  expect(error.message).toContain('407 Proxy Authentication Required');
  expect(error.message).not.toContain('hidden');
});
