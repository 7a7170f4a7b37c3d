import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import {
  type CredentialOptions,
  createCredentials,
} from '../../../../src/sources/s3/credentials/create-credentials.ts';
import { RecordingLog } from '../../../support/recording-log.ts';
import { temporaryDirectory } from '../../../support/temporary.ts';

export const never = new AbortController().signal;

const none: CredentialOptions['settings'] = {
  s3Credentials: 'auto',
  s3AccessKeyId: undefined,
  s3SecretAccessKey: undefined,
  s3SessionToken: undefined,
  s3Region: undefined,
  s3Endpoint: undefined,
};

/** Credentials for an environment of their own: no file, service or variable of this machine is seen. */
export async function credentialsBench(
  settings: Partial<CredentialOptions['settings']>,
  env: NodeJS.ProcessEnv = {},
  options: Pick<CredentialOptions, 'now' | 'random'> = {},
) {
  const home = await temporaryDirectory();
  await mkdir(join(home, '.aws'));
  const log = new RecordingLog();
  const credentials = createCredentials({
    settings: { ...none, ...settings },
    env: { PATH: process.env['PATH'], HOME: home, AWS_EC2_METADATA_DISABLED: 'true', ...env },
    log,
    ...options,
  });
  onTestFinished(() => credentials[Symbol.asyncDispose]());
  return {
    credentials,
    home,
    lines: log.lines,
    write: async (path: string, content: string) => writeFile(join(home, path), content),
  };
}

export async function fileWith(content: string): Promise<string> {
  const path = join(await temporaryDirectory(), 'file');
  await writeFile(path, content);
  return path;
}
