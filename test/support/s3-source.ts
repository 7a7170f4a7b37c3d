import { loadSettings } from '../../src/settings/settings.ts';
import type { Revision } from '../../src/snapshot/entry.ts';
import { createS3Source } from '../../src/sources/s3/s3-source.ts';
import { RecordingLog } from './recording-log.ts';
import type { TestSource } from './taking.ts';
import { temporaryDirectory } from './temporary.ts';

export interface S3Place {
  readonly endpoint: string;
  /** Of the bucket. */
  readonly name: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface S3SourceOptions {
  /** Without `WHERRY_S3_`: `{ OBJECT: 'app.yaml' }`; a name that starts with `WHERRY_` is taken as it is. */
  readonly settings: Readonly<Record<string, string>>;
  readonly env?: NodeJS.ProcessEnv;
  readonly stateDir?: string;
  readonly revision?: string;
}

export interface TestS3Source extends TestSource, AsyncDisposable {
  /** Every request so far, as `get 304`. */
  readonly requests: readonly string[];
}

/** The settings of a user who keeps a configuration there. */
export function s3Settings(
  { endpoint, name: bucket, accessKeyId, secretAccessKey }: S3Place,
  settings: Readonly<Record<string, string>>,
): Record<string, string> {
  const named = Object.entries(settings).map(([name, value]) => [
    name.startsWith('WHERRY_') ? name : `WHERRY_S3_${name}`,
    value,
  ]);
  return {
    WHERRY_SOURCE: 's3',
    WHERRY_S3_ENDPOINT: endpoint,
    WHERRY_S3_BUCKET: bucket,
    WHERRY_S3_ACCESS_KEY_ID: accessKeyId,
    WHERRY_S3_SECRET_ACCESS_KEY: secretAccessKey,
    ...Object.fromEntries(named),
  };
}

/** The source as the settings of a user make it, disposed of by the test with `await using`. */
export async function s3Source(
  place: S3Place,
  { settings, env = {}, stateDir, revision }: S3SourceOptions,
): Promise<TestS3Source> {
  const loaded = loadSettings({ env: s3Settings(place, settings), flags: new Map(), complete: true });
  const directory = stateDir ?? (await temporaryDirectory());
  const log = new RecordingLog();
  const requests: string[] = [];
  const source = createS3Source({
    settings: loaded.settings,
    stateDir: directory,
    env,
    log,
    onRequest: (operation, result) => requests.push(`${operation} ${result}`),
    revision: revision as Revision | undefined,
  });
  return {
    source,
    stateDir: directory,
    log,
    requests,
    [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
  };
}
