import { existsSync } from 'node:fs';
import type { Run } from '../measure.ts';
import type { S3Place } from './store.ts';

/** Debian's, wherever else there is one of the name. */
const debianAws = '/usr/bin/aws';

/** What the S3 source is compared with unless another one is named. */
export const installedAws = existsSync(debianAws) ? debianAws : undefined;
export const hasS3cmd = existsSync('/usr/bin/s3cmd');

/** `aws s3 …` that copies into a path: `cp` one object, or `sync` all below a prefix. */
export function aws(
  program: string,
  words: readonly string[],
  { endpoint, bucket, accessKeyId, secretAccessKey, key }: S3Place & { readonly key: string },
  path: string,
  run: Omit<Run, 'command'>,
): Run {
  const env = {
    ...run.env,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_EC2_METADATA_DISABLED: 'true',
  };
  const address = `s3://${bucket}/${key}`;
  const command = [program, '--endpoint-url', endpoint, 's3', ...words, address, path];
  return { ...run, command, env };
}

/** `s3cmd sync` of all below a prefix. */
export function s3cmdSync(prefix: string, path: string, place: S3Place, run: Omit<Run, 'command'>): Run {
  const { endpoint, bucket, accessKeyId, secretAccessKey } = place;
  const { host } = new URL(endpoint);
  const command = [
    '/usr/bin/s3cmd',
    '--config=/dev/null',
    '--no-ssl',
    '--quiet',
    `--access_key=${accessKeyId}`,
    `--secret_key=${secretAccessKey}`,
    `--host=${host}`,
    `--host-bucket=${host}`,
    'sync',
    `s3://${bucket}/${prefix}`,
    `${path}/`,
  ];
  return { ...run, command };
}
