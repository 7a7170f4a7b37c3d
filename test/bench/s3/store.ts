import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bench } from '../bench.ts';
import { Server } from '../server.ts';
import type { ObjectSet } from './objects.ts';
import type { Keys } from './signed.ts';

/** A bucket and how it is reached. */
export interface S3Place extends Keys {
  readonly endpoint: string;
  readonly bucket: string;
}

/** A place whose requests are counted. */
export interface S3Store extends AsyncDisposable {
  readonly place: S3Place;
  requests(): Promise<number>;
  /** Makes the n-th change, from 1 on: one object of each set becomes another. */
  change(n: number): Promise<void>;
}

/** Serves generated objects over HTTP. */
export async function serveObjects({ env, signal }: Bench, sets: readonly ObjectSet[]): Promise<S3Store> {
  const bucket = 'bench-bucket';
  const keys = { accessKeyId: 'BENCHKEY', secretAccessKey: randomBytes(20).toString('hex') };
  const script = join(import.meta.dirname, 'server-process.ts');
  const server = await Server.start({ script, args: [JSON.stringify({ bucket, keys, sets })], env, signal });
  return {
    place: { endpoint: server.url, bucket, ...keys },
    requests: () => server.requests(),
    change: (n) => server.change(n),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** Settings that read from there, without credentials. */
function bucketSettings({ endpoint, bucket }: S3Place) {
  return {
    WHERRY_SOURCE: 's3',
    WHERRY_S3_ENDPOINT: endpoint,
    WHERRY_S3_REGION: 'us-east-1',
    WHERRY_S3_BUCKET: bucket,
  };
}

/** Settings that read from there, with static credentials. */
export function settingsOf(place: S3Place) {
  return {
    ...bucketSettings(place),
    WHERRY_S3_ACCESS_KEY_ID: place.accessKeyId,
    WHERRY_S3_SECRET_ACCESS_KEY: place.secretAccessKey,
  };
}

/** Settings that read from there, with credentials of a shared file, which must be resolved first. */
export async function sharedFileSettings(place: S3Place, path: string) {
  const { accessKeyId, secretAccessKey } = place;
  await writeFile(
    path,
    `[default]\naws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`,
  );
  return {
    ...bucketSettings(place),
    WHERRY_S3_CREDENTIALS: 'shared-files',
    AWS_SHARED_CREDENTIALS_FILE: path,
    AWS_CONFIG_FILE: '/dev/null',
    AWS_PROFILE: 'default',
  };
}
