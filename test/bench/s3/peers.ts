import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Run } from '../measure.ts';
import type { S3Place } from './store.ts';

/** Debian's, wherever else there is one of the name: it is what the figures are compared with. */
const debianAws = '/usr/bin/aws';

export const hasAws = existsSync(debianAws);
export const hasS3cmd = existsSync('/usr/bin/s3cmd');

/** `aws s3 …` at a place: `copy` one object, or `sync` all below a prefix, into a path. */
export function aws(
  action: 'cp' | 'sync',
  key: string,
  path: string,
  place: S3Place,
  run: Omit<Run, 'command'>,
): Run {
  const { endpoint, bucket, accessKeyId, secretAccessKey } = place;
  const env = {
    ...run.env,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_EC2_METADATA_DISABLED: 'true',
  };
  const address = `s3://${bucket}/${key}`;
  const command = [debianAws, '--endpoint-url', endpoint, 's3', action, '--quiet', address, path];
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

/** `aws-cli/2.9.19`, for the titles. */
export function awsVersion(): string {
  return execFileSync(debianAws, ['--version'], { encoding: 'utf8' }).split(' ', 1)[0] ?? '';
}
