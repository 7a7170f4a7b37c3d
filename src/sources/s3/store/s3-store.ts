import { createHash } from 'node:crypto';
import type { Settings } from '../../../settings/schema.ts';
import { type ClientOptions, S3Client } from './client.ts';
import { getObject, headObject } from './get-object.ts';
import type { PageSums } from './page-sums.ts';
import type { FetchPage, ListOptions } from './paging.ts';
import type {
  GetAnswer,
  GetRequest,
  ListedObject,
  ListedVersion,
  ObjectHead,
  Operation,
  Store,
} from './store.ts';

export type StoreOptions = ClientOptions;

/** A thousand of the longest keys, three bytes written for each of theirs, and room. */
const largestPage = 16 * 1024 * 1024;

/** The bucket of the settings. Nothing is asked or opened before the first call. Throws `SettingsError`. */
export function createStore(options: StoreOptions): S3Store {
  return new S3Store(options);
}

/** A bucket over its own protocol. The credential source stays the caller's. */
export class S3Store implements Store {
  /** For requests that are no store's: those of a check. */
  readonly client: S3Client;
  readonly display: string;
  /** What every request for an object has. */
  readonly objectHeaders: Readonly<Record<string, string>>;
  readonly #settings: Settings;

  constructor(options: StoreOptions) {
    const { settings } = options;
    this.client = new S3Client(options);
    this.display = this.client.display;
    this.#settings = settings;
    this.objectHeaders = objectHeaders(settings, this.client.isAws);
  }

  get(request: GetRequest, signal: AbortSignal): Promise<GetAnswer> {
    return getObject(this.client, this.objectHeaders, request, signal);
  }

  async head(
    request: Pick<GetRequest, 'key' | 'setting' | 'versionId'>,
    signal: AbortSignal,
  ): Promise<ObjectHead> {
    return headObject(this.client, this.objectHeaders, request, signal);
  }

  async *list(prefix: string, signal: AbortSignal): AsyncGenerator<readonly ListedObject[], void, void> {
    const { listObjects } = await import('./listing.ts');
    yield* listObjects(this.#pages('list'), this.#listing(prefix), signal);
  }

  async *survey<T>(
    prefix: string,
    sums: PageSums<ListedObject, T>,
    signal: AbortSignal,
  ): AsyncGenerator<T, void, void> {
    const { surveyObjects } = await import('./listing.ts');
    yield* surveyObjects(this.#pages('list'), this.#listing(prefix), sums, signal);
  }

  async *listVersions(
    prefix: string,
    signal: AbortSignal,
  ): AsyncGenerator<readonly ListedVersion[], void, void> {
    const { listVersions } = await import('./versions.ts');
    yield* listVersions(this.#pages('list-versions'), this.#listing(prefix), signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client[Symbol.dispose]();
  }

  #pages(operation: Operation): FetchPage {
    return async (query, signal) => {
      const request = { operation, method: 'GET', query } as const;
      return (await this.client.sendWhole(request, largestPage, signal)).body;
    };
  }

  /** Through an access point or its alias the answer may have the name of the bucket behind it. */
  #listing(prefix: string): ListOptions {
    const { s3Bucket } = this.#settings;
    const isOther = s3Bucket?.accessPoint !== undefined || s3Bucket?.text.endsWith('-s3alias') === true;
    return { display: this.display, bucket: isOther ? undefined : s3Bucket?.text, prefix };
  }
}

/**
 * What every GET of an object has. Only AWS is asked for checksums: elsewhere that has broken ranged reads, and the MD5
 * in the ETag says the same of all but objects in several parts.
 */
function objectHeaders({ s3SseCKey }: Settings, isAws: boolean): Readonly<Record<string, string>> {
  const checksums = isAws ? { 'x-amz-checksum-mode': 'ENABLED' } : {};
  if (s3SseCKey === undefined) return checksums;
  const customer = 'x-amz-server-side-encryption-customer-';
  return {
    ...checksums,
    [`${customer}algorithm`]: 'AES256',
    [`${customer}key`]: s3SseCKey.toString('base64'),
    [`${customer}key-md5`]: createHash('md5').update(s3SseCKey).digest('base64'),
  };
}
