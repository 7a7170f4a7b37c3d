import { describe, expect, test } from 'vitest';
import { DeniedError, UnreachableError } from '../../../../src/failure/failure.ts';
import { grantDocument, inAnHour, startImds } from '../../../support/aws-services.ts';
import { startFake } from '../../../support/fake-http.ts';
import { credentialsBench, fileWith, never } from './credentials-bench.ts';

const grant = () => ({ id: 'ASIA1', expiration: inAnHour() });
const expected = {
  accessKeyId: 'ASIA1',
  secretAccessKey: 'secret-of-ASIA1',
  sessionToken: 'token-of-ASIA1',
};

describe('the agent of Pod Identity', () => {
  async function podIdentity(answer: Parameters<typeof startFake>[0]) {
    const agent = await startFake(answer);
    const env = {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `${agent.url}/v1/credentials`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: await fileWith('pod-token'),
    };
    return { agent, env };
  }

  test.each(['pod-identity', 'auto'] as const)(
    'is asked with the token of its file, with %s',
    async (s3Credentials) => {
      const { agent, env } = await podIdentity(() => ({ body: grantDocument(grant()) }));
      const { credentials } = await credentialsBench({ s3Credentials }, env);
      expect(await credentials.get(never)).toMatchObject(expected);
      expect(credentials.description).toBe('Pod Identity');
      expect(agent.seen.map(({ path, headers }) => [path, headers.authorization])).toEqual([
        ['/v1/credentials', 'pod-token'],
      ]);
    },
  );

  test('is asked though ECS has an address too, where it was asked for by name', async () => {
    const { env } = await podIdentity(() => ({ body: grantDocument(grant()) }));
    const more = { ...env, AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: '/v2/credentials' };
    const { credentials } = await credentialsBench({ s3Credentials: 'pod-identity' }, more);
    expect(await credentials.get(never)).toMatchObject(expected);
  });

  test('that refuses is the end of the search', async () => {
    const body = JSON.stringify({ Code: 'X', Message: 'no association' });
    const { agent, env } = await podIdentity(() => ({ status: 404, body }));
    const { credentials } = await credentialsBench({}, env);
    const error = await credentials.get(never).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(DeniedError);
    expect(error.message).toContain(
      `${agent.url}/v1/credentials refused credentials (HTTP 404): no association`,
    );
  });

  test('has a token file that is named when it is not there', async () => {
    const { env } = await podIdentity(() => ({ body: '' }));
    const more = { ...env, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: '/nowhere/token' };
    const { credentials } = await credentialsBench({}, more);
    await expect(credentials.get(never)).rejects.toThrow(
      'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: /nowhere/token is not there',
    );
  });

  test('that is not there is unreachable', async () => {
    const env = { AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://127.0.0.1:1/v1/credentials' };
    const { credentials } = await credentialsBench({}, env);
    const error = await credentials.get(never).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(UnreachableError);
    expect(error.message).toMatch(
      /^AWS_CONTAINER_CREDENTIALS_FULL_URI: .*ECONNREFUSED.*agent runs on the node/,
    );
  });

  test('that answers with half of a document does not have it quoted', async () => {
    const { env } = await podIdentity(() => ({ body: '{"SecretAccessKey": "hidden", x' }));
    const { credentials } = await credentialsBench({}, env);
    const error = await credentials.get(never).catch((thrown) => thrown);
    expect(error.message).toContain('gave no credentials: its answer is no JSON');
    expect(error.message).not.toContain('hidden');
  });

  test('may not be anywhere', async () => {
    const env = { AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://192.0.2.1/v1' };
    const { credentials } = await credentialsBench({}, env);
    await expect(credentials.get(never)).rejects.toThrow('"http://192.0.2.1/v1" cannot be the address');
  });
});

describe('the metadata service of the instance', () => {
  const at = (url: string) => ({
    AWS_EC2_METADATA_DISABLED: '',
    AWS_EC2_METADATA_SERVICE_ENDPOINT: url,
  });

  test.each(['imds', 'auto'] as const)('gives the role of the node, with %s', async (s3Credentials) => {
    const imds = await startImds(grant);
    const { credentials } = await credentialsBench({ s3Credentials }, at(imds.url));
    expect(await credentials.get(never)).toMatchObject(expected);
    expect(credentials.description).toBe('instance role (IMDS)');
  });

  test('is not asked where it is disabled', async () => {
    const imds = await startImds(grant);
    const env = { ...at(imds.url), AWS_EC2_METADATA_DISABLED: 'true' };
    const { credentials } = await credentialsBench({}, env);
    await expect(credentials.get(never)).rejects.toThrow(
      'instance role (IMDS): AWS_EC2_METADATA_DISABLED is set',
    );
    expect(imds.seen).toEqual([]);
  });

  test('that is a black hole costs two seconds, and the chain tells what it tried', async () => {
    const hole = await startFake(() => undefined);
    const { credentials, home } = await credentialsBench({}, at(hole.url));
    const error = await credentials.get(never).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(DeniedError);
    expect(error.message).toBe(
      'WHERRY_S3_CREDENTIALS: no credentials were found (' +
        'environment variables: AWS_ACCESS_KEY_ID is not set · ' +
        `shared files (profile "default"): ${home}/.aws/credentials and ${home}/.aws/config are not there · ` +
        'IRSA: AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE are not set · ' +
        'Pod Identity and ECS: AWS_CONTAINER_CREDENTIALS_FULL_URI and AWS_CONTAINER_CREDENTIALS_RELATIVE_URI are not set · ' +
        `instance role (IMDS): ${hole.url} does not answer); bind the pod to a role by IRSA or Pod Identity, set WHERRY_S3_ACCESS_KEY_ID_FILE and WHERRY_S3_SECRET_ACCESS_KEY_FILE, or set WHERRY_S3_CREDENTIALS=anonymous for a public bucket`,
    );
    // The session's token and the older way, a second each.
    expect(hole.seen.length).toBeLessThanOrEqual(2);
  });

  test('that is a black hole is to blame where it was asked for by name', async () => {
    const hole = await startFake(() => undefined);
    const { credentials } = await credentialsBench({ s3Credentials: 'imds' }, at(hole.url));
    const error = await credentials.get(never).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(DeniedError);
    expect(error.message).toContain(`metadata service at ${hole.url} does not answer; let pods reach it`);
  });

  test('of an instance without a role tells so', async () => {
    const imds = await startFake(({ method }) =>
      method === 'PUT' ? { body: 'token' } : { status: 404, body: '' },
    );
    const { credentials } = await credentialsBench({ s3Credentials: 'imds' }, at(imds.url));
    await expect(credentials.get(never)).rejects.toThrow('knows of no role of the instance (HTTP 404)');
  });
});
