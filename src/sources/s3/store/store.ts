import type { PageSums } from './page-sums.ts';

declare const brand: unique symbol;

/** An ETag without its quotes and `W/`. Opaque: of equal bytes two uploads may have two. */
export type ETag = string & { readonly [brand]: 'ETag' };

/** Classes of requests, as they are billed and counted. */
export type Operation = 'get' | 'head' | 'list' | 'list-versions' | 'bucket';
/** Told of every request that was sent: its class, and the HTTP status that answered it, or `error`. */
export type RequestListener = (operation: Operation, result: string) => void;

/** What a store says of one object. */
export interface ObjectHead {
  readonly key: string;
  readonly etag: ETag;
  /** Undefined where the bucket keeps no versions. */
  readonly versionId: string | undefined;
  /** Bytes of the whole object. */
  readonly size: number;
  /** To the second. */
  readonly lastModified: Date | undefined;
}

export interface GetRequest {
  readonly key: string;
  /** What named the key, for errors: `WHERRY_S3_OBJECT`. */
  readonly setting: string;
  readonly versionId?: string | undefined;
  /** Asks for the object only if it is another one now. */
  readonly ifNoneMatch?: ETag | undefined;
  /** Asks for the object only if it is still this one. */
  readonly ifMatch?: ETag | undefined;
}

/**
 * The content of an object, to be read once or disposed of. What is read was verified against the length and the
 * checksum that the store sent, or the iteration throws; where a connection breaks, it goes on with the rest of the
 * same object.
 */
export interface ObjectBody extends AsyncIterable<Uint8Array>, Disposable {}

export type GetAnswer =
  /** It is still the one of `ifNoneMatch`. */
  | { readonly kind: 'unchanged' }
  /** It is no longer the one of `ifMatch`. */
  | { readonly kind: 'replaced' }
  | { readonly kind: 'found'; readonly head: ObjectHead; readonly body: ObjectBody };

/** One object of a listing. */
export interface ListedObject {
  readonly key: string;
  readonly etag: ETag;
  readonly size: number;
  readonly lastModified: Date;
  /** Undefined = standard. */
  readonly storageClass: string | undefined;
}

/** One version of an object, or the mark that it was deleted. */
export interface ListedVersion extends ListedObject {
  readonly versionId: string;
  readonly isDeleteMarker: boolean;
}

/**
 * One bucket of an S3 store, read only. Every method rejects with a `Failure` of the fitting kind, or with the signal's
 * reason when that was aborted; no answer that could be something else than the store's is taken for one.
 */
export interface Store extends AsyncDisposable {
  /** `s3://bucket`, with the endpoint where it is not AWS; never holds a secret. */
  readonly display: string;
  get(request: GetRequest, signal: AbortSignal): Promise<GetAnswer>;
  /** What is there now, without its content. Throws `MissingError`. */
  head(request: Pick<GetRequest, 'key' | 'setting' | 'versionId'>, signal: AbortSignal): Promise<ObjectHead>;
  /** Every object whose key starts with the prefix, page by page, each page checked. `''` is the whole bucket. */
  list(prefix: string, signal: AbortSignal): AsyncIterable<readonly ListedObject[]>;
  /** What the pages of `list` come to; those that are known are not read again. */
  survey<T>(prefix: string, sums: PageSums<ListedObject, T>, signal: AbortSignal): AsyncIterable<T>;
  /** Every version below the prefix, page by page; of one key the newest first. */
  listVersions(prefix: string, signal: AbortSignal): AsyncIterable<readonly ListedVersion[]>;
}
