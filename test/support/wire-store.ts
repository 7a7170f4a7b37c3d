import { onTestFinished } from 'vitest';
import type { Timeouts } from '../../src/platform/http/exchange.ts';
import { loadSettings } from '../../src/settings/settings.ts';
import type { CredentialSource, Credentials } from '../../src/sources/s3/credentials/credentials.ts';
import { createStore, type S3Store } from '../../src/sources/s3/store/s3-store.ts';
import type { GetRequest, ObjectHead } from '../../src/sources/s3/store/store.ts';
import { soon } from './calls.ts';
import { RecordingLog } from './recording-log.ts';

export interface StoreTarget {
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface WireStoreOptions {
  /** Without `WHERRY_S3_`. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly env?: NodeJS.ProcessEnv;
  readonly timeouts?: Partial<Timeouts>;
  /** Those in use first, and what each renewal brings. `undefined` = requests are not signed. */
  readonly credentials?: readonly (Credentials | undefined)[];
}

export interface WireStore {
  readonly store: S3Store;
  readonly log: RecordingLog;
  /** What was counted: `get 200`. */
  readonly counted: string[];
  /** The credentials that were refused. */
  readonly refused: string[];
}

export function keyPair(accessKeyId: string, secretAccessKey: string, sessionToken?: string): Credentials {
  return { accessKeyId, secretAccessKey, sessionToken, expiresAt: undefined };
}

/** The store as the settings of a user make it, with credentials at hand. It ends with the test. */
export function wireStore(target: StoreTarget, bucket: string, options: WireStoreOptions = {}): WireStore {
  const { settings = {}, env = {}, timeouts = {} } = options;
  const named = Object.entries(settings).map(([name, value]) => [`WHERRY_S3_${name}`, value]);
  const loaded = loadSettings({
    env: {
      WHERRY_SOURCE: 's3',
      WHERRY_S3_BUCKET: bucket,
      WHERRY_S3_OBJECT: 'object',
      WHERRY_S3_ENDPOINT: target.endpoint,
      ...Object.fromEntries(named),
    },
    flags: new Map(),
    complete: true,
  });
  const log = new RecordingLog();
  const counted: string[] = [];
  const refused: string[] = [];
  const given = options.credentials ?? [keyPair(target.accessKeyId, target.secretAccessKey)];
  const store = createStore({
    settings: loaded.settings,
    env,
    credentials: listedCredentials(given, refused),
    log,
    onRequest: (operation, result) => counted.push(`${operation} ${result}`),
    timeouts,
  });
  onTestFinished(() => store[Symbol.asyncDispose]());
  return { store, log, counted, refused };
}

function listedCredentials(list: readonly (Credentials | undefined)[], refused: string[]): CredentialSource {
  let at = 0;
  return {
    description: 'the test',
    get: async () => list[at],
    renew: async (old) => {
      refused.push(old?.accessKeyId ?? '');
      if (at + 1 >= list.length) return false;
      at += 1;
      return true;
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}

export interface ReadObject {
  readonly head: ObjectHead;
  readonly bytes: Buffer;
}

/** The object whole; anything else than one is an error. */
export async function readObject(
  { store }: Pick<WireStore, 'store'>,
  request: string | Omit<GetRequest, 'setting'>,
  signal = soon(),
): Promise<ReadObject> {
  const wanted = typeof request === 'string' ? { key: request } : request;
  const answer = await store.get({ setting: 'WHERRY_S3_OBJECT', ...wanted }, signal);
  if (answer.kind !== 'found') throw new Error(`the object is ${answer.kind}`);
  const chunks: Uint8Array[] = [];
  for await (const chunk of answer.body) chunks.push(chunk);
  return { head: answer.head, bytes: Buffer.concat(chunks) };
}
