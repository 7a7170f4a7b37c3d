import { describe, expect, test } from 'vitest';
import { SettingsError } from '../../../../src/failure/failure.ts';
import { credentialsBench, never } from './credentials-bench.ts';

const pair = { AWS_ACCESS_KEY_ID: 'AKIA', AWS_SECRET_ACCESS_KEY: 'hidden' };
const role = { AWS_ROLE_ARN: 'arn:aws:iam::1:role/r', AWS_WEB_IDENTITY_TOKEN_FILE: '/t' };

describe('the settings', () => {
  const settings = { s3AccessKeyId: 'id', s3SecretAccessKey: 'hidden', s3SessionToken: 'session' };
  const expected = {
    accessKeyId: 'id',
    secretAccessKey: 'hidden',
    sessionToken: 'session',
    expiresAt: undefined,
  };

  test.each(['settings', 'auto'] as const)('go before all else with %s', async (s3Credentials) => {
    const { credentials } = await credentialsBench({ ...settings, s3Credentials }, { ...pair, ...role });
    expect(credentials.description).toBe('settings');
    expect(await credentials.get(never)).toEqual(expected);
    expect(await credentials.renew(await credentials.get(never), never)).toBe(false);
  });

  test('are missing where only they may be used', async () => {
    await expect(credentialsBench({ s3Credentials: 'settings' }, pair)).rejects.toThrow(
      'WHERRY_S3_ACCESS_KEY_ID: is not set, and WHERRY_S3_CREDENTIALS=settings needs it',
    );
  });
});

describe('the AWS variables', () => {
  test.each(['environment', 'auto'] as const)('are used with %s, before a role', async (s3Credentials) => {
    const env = {
      ...pair,
      ...role,
      AWS_SESSION_TOKEN: 'session',
      AWS_CREDENTIAL_EXPIRATION: '2030-01-01T00:00:00Z',
    };
    const { credentials } = await credentialsBench({ s3Credentials }, env);
    expect(credentials.description).toBe('environment variables');
    expect(await credentials.get(never)).toEqual({
      accessKeyId: 'AKIA',
      secretAccessKey: 'hidden',
      sessionToken: 'session',
      expiresAt: Date.UTC(2030, 0, 1),
    });
  });

  test.each([
    [{ AWS_ACCESS_KEY_ID: 'AKIA' }, 'AWS_SECRET_ACCESS_KEY: is not set, and AWS_ACCESS_KEY_ID is'],
    [{ AWS_SECRET_ACCESS_KEY: 'hidden' }, 'AWS_ACCESS_KEY_ID: is not set, and AWS_SECRET_ACCESS_KEY is'],
    [{ AWS_SESSION_TOKEN: 'hidden' }, 'AWS_ACCESS_KEY_ID: is not set, and AWS_SESSION_TOKEN is'],
    [{ ...pair, AWS_SECRET_ACCESS_KEY: '' }, 'AWS_SECRET_ACCESS_KEY: is not set, and AWS_ACCESS_KEY_ID is'],
    [
      { ...pair, AWS_SECRET_ACCESS_KEY: 'hidden\n' },
      'AWS_SECRET_ACCESS_KEY: the value holds spaces, line breaks',
    ],
  ])('%j are an error, and no way to the next source', async (env, message) => {
    for (const s3Credentials of ['environment', 'auto'] as const) {
      const error = await credentialsBench({ s3Credentials }, { ...env, ...role }).catch((thrown) => thrown);
      expect(error).toBeInstanceOf(SettingsError);
      expect(error.message).toContain(message);
      expect(error.message).not.toContain('hidden');
    }
  });

  test('are missing where only they may be used', async () => {
    await expect(credentialsBench({ s3Credentials: 'environment' }, role)).rejects.toThrow(
      'AWS_ACCESS_KEY_ID: is not set, and WHERRY_S3_CREDENTIALS=environment needs it',
    );
  });
});

test('anonymous requests are not signed, whatever is set', async () => {
  const { credentials } = await credentialsBench({ s3Credentials: 'anonymous' }, { ...pair, ...role });
  expect(credentials.description).toBe('anonymous');
  expect(await credentials.get(never)).toBeUndefined();
  expect(await credentials.renew(undefined, never)).toBe(false);
});
