import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { DeniedError, SettingsError } from '../../../../src/failure/failure.ts';
import { inAnHour, startSts } from '../../../support/aws-services.ts';
import { credentialsBench, never } from './credentials-bench.ts';

const keys = (id: string) => `aws_access_key_id = ${id}\naws_secret_access_key = secret-of-${id}\n`;
const profile = { AWS_PROFILE: 'reader' };

describe('the shared files', () => {
  test.each(['shared-files', 'auto'] as const)(
    'give the keys of a profile, with %s',
    async (s3Credentials) => {
      const { credentials, write } = await credentialsBench({ s3Credentials }, profile);
      await write('.aws/credentials', `[default]\n${keys('AKIA0')}[reader]\n${keys('AKIA1')}`);
      expect(await credentials.get(never)).toEqual({
        accessKeyId: 'AKIA1',
        secretAccessKey: 'secret-of-AKIA1',
        sessionToken: undefined,
        expiresAt: undefined,
      });
      expect(credentials.description).toBe('shared files (profile "reader")');
    },
  );

  test('go before the AWS variables where a profile is named, and say so', async () => {
    const env = { ...profile, AWS_ACCESS_KEY_ID: 'AKIA', AWS_SECRET_ACCESS_KEY: 'hidden' };
    const { credentials, write } = await credentialsBench({}, env);
    await write('.aws/config', `[profile reader]\n${keys('AKIA1')}`);
    expect(await credentials.get(never)).toMatchObject({ accessKeyId: 'AKIA1' });
    expect(credentials.description).toBe(
      'shared files (profile "reader"), which AWS_PROFILE puts before the environment variables',
    );
  });

  test('are read again when they change', async () => {
    let shift = 0;
    const now = () => Date.now() + shift;
    const { credentials, write } = await credentialsBench({}, {}, { now });
    const id = async () => (await credentials.get(never))?.accessKeyId;
    await write('.aws/credentials', `[default]\n${keys('AKIA1')}`);
    expect(await id()).toBe('AKIA1');
    await write('.aws/credentials', `[default]\n${keys('AKIA2')}`);
    shift = 1000;
    await expect.poll(id).toBe('AKIA2');
  });

  test.each([
    [{}, 'AWS_PROFILE: no profile "reader" is in'],
    [{ AWS_CONFIG_FILE: '/nowhere/config' }, '/.aws/credentials and /nowhere/config'],
  ])('that lack what a variable names are an error (%j)', async (env, message) => {
    const { credentials, write } = await credentialsBench({}, { ...profile, ...env });
    await write('.aws/credentials', `[other]\n${keys('AKIA1')}`);
    const error = await credentials.get(never).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(DeniedError);
    expect(error.message).toContain(message);
  });

  test('that are not where a variable says are an error', async () => {
    const env = { AWS_SHARED_CREDENTIALS_FILE: '/nowhere/credentials' };
    const { credentials } = await credentialsBench({}, env);
    await expect(credentials.get(never)).rejects.toThrow(
      /^AWS_SHARED_CREDENTIALS_FILE: \/nowhere\/credentials and .* are not there; /,
    );
  });

  test.each([
    ['aws_access_key_id', 'aws_secret_access_key'],
    ['aws_secret_access_key', 'aws_access_key_id'],
  ])('with %s and no %s are an error, and not the role of the node', async (set, missing) => {
    const { credentials, write } = await credentialsBench({}, profile);
    await write('.aws/credentials', `[default]\n${keys('AKIA0')}[reader]\n${set} = half\n${missing} =\n`);
    const error = await credentials.get(never).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(SettingsError);
    expect(error.message).toMatch(/^AWS_PROFILE: the profile "reader" in /);
    expect(error.message).toContain(`has ${set} and no ${missing}; write both, or neither`);
  });

  test('give a pair of which each half is in another file', async () => {
    const { credentials, write } = await credentialsBench({}, profile);
    await write('.aws/credentials', '[reader]\naws_access_key_id = AKIA1\n');
    await write('.aws/config', '[profile reader]\naws_secret_access_key = hidden\n');
    expect(await credentials.get(never)).toMatchObject({ accessKeyId: 'AKIA1' });
  });

  test('with nothing but a region make room for the next source', async () => {
    const { credentials, write } = await credentialsBench({}, profile);
    await write('.aws/config', '[profile reader]\nregion = eu-central-1\n');
    await expect(credentials.get(never)).rejects.toThrow(
      /the profile "reader" in .* has no credentials · IRSA: .* · instance role \(IMDS\): /,
    );
  });
});

test('a profile can take a role with the keys of another one', async () => {
  const sts = await startSts(() => ({ id: 'ASIA1', expiration: inAnHour() }));
  const env = { ...profile, AWS_ENDPOINT_URL_STS: sts.url, AWS_DEFAULT_REGION: 'eu-west-3' };
  const { credentials, write } = await credentialsBench({}, env);
  await write('.aws/credentials', `[base]\n${keys('AKIA0')}`);
  await write('.aws/config', '[profile reader]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = base\n');
  expect(await credentials.get(never)).toMatchObject({ accessKeyId: 'ASIA1' });
  expect(sts.seen[0]?.body).toContain('Action=AssumeRole&');
  expect(sts.seen[0]?.headers.authorization).toMatch(/Credential=AKIA0\/\d+\/eu-west-3\/sts\//);
});

describe('a credential_process', () => {
  const command = (line: string) => `[profile reader]\ncredential_process = ${line}\n`;

  test('gives credentials', async () => {
    const { credentials, write } = await credentialsBench({}, profile);
    const document = { Version: 1, AccessKeyId: 'AKIA1', SecretAccessKey: 's', Expiration: inAnHour() };
    await write('answer.json', JSON.stringify(document));
    await write('.aws/config', command('cat "$HOME/answer.json"'));
    const found = await credentials.get(never);
    expect(found).toMatchObject({ accessKeyId: 'AKIA1', expiresAt: document.Expiration.getTime() });
  });

  test('that fails is told without its line and its words', async () => {
    const { credentials, write } = await credentialsBench({}, profile);
    await write('.aws/config', command('echo hidden >&2; exit 3'));
    const error = await credentials.get(never).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(DeniedError);
    expect(error.message).toBe(
      'AWS_PROFILE: the credential_process of the profile "reader" failed; run its command by hand in this container to see why',
    );
  });

  test('ends with the source', async () => {
    const { credentials, write, home } = await credentialsBench({}, profile);
    await write('.aws/config', command('echo $$ > "$HOME/pid"; sleep 600; true'));
    const waiting = credentials.get(never);
    waiting.catch(() => undefined);
    const readPid = () => readFile(join(home, 'pid'), 'utf8').then(Number, () => 0);
    await expect.poll(readPid).toBeGreaterThan(0);
    const pid = await readPid();
    await credentials[Symbol.asyncDispose]();
    await expect(waiting).rejects.toThrow('no longer needed');
    await expect.poll(() => isAlive(pid)).toBe(false);
  });
});

/** A zombie that nobody has waited for yet does no harm. */
async function isAlive(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return stat !== '' && !/\) [ZX] /.test(stat);
}
