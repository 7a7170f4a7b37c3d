import type { GetAnswer, GetRequest, ListedObject, Store } from '../../src/sources/s3/store/store.ts';
import { soon } from './calls.ts';
import type { CephBucket, S3Keys } from './ceph.ts';
import { keyPair, wireStore } from './wire-store.ts';

export interface CephStoreOptions {
  /** The owner's, unless others are given; undefined = requests are not signed. */
  readonly keys?: S3Keys | undefined;
  /** Without `WHERRY_S3_`. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** A bucket of Ceph as the store shows it to one of its readers. */
export function cephStore(bucket: CephBucket, options: CephStoreOptions = {}): Store {
  const keys = 'keys' in options ? options.keys : bucket;
  const credentials = keys === undefined ? undefined : keyPair(keys.accessKeyId, keys.secretAccessKey);
  const { settings = {} } = options;
  return wireStore(bucket, bucket.name, { credentials: [credentials], settings }).store;
}

export function getOf(store: Store, key: string, request: Partial<GetRequest> = {}): Promise<GetAnswer> {
  return store.get({ key, setting: 'WHERRY_S3_OBJECT', ...request }, soon());
}

/** The content of an object that must be there. */
export async function textOf(store: Store, key: string, request: Partial<GetRequest> = {}): Promise<string> {
  const answer = await getOf(store, key, request);
  if (answer.kind !== 'found') throw new Error(`the object is ${answer.kind}`);
  const chunks: Uint8Array[] = [];
  for await (const chunk of answer.body) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

export async function listOf(store: Store, prefix = ''): Promise<readonly ListedObject[]> {
  const objects: ListedObject[] = [];
  for await (const page of store.list(prefix, soon())) objects.push(...page);
  return objects;
}
