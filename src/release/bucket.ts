import type { ObjectContent } from './content.ts';

/** On what a write depends. */
export type Condition =
  | { readonly kind: 'none' }
  /** Nothing has the key. */
  | { readonly kind: 'new' }
  /** The key still has the object with this ETag. */
  | { readonly kind: 'same'; readonly etag: string };

export interface PutRequest {
  readonly key: string;
  readonly content: ObjectContent;
  readonly contentType: string;
  readonly condition: Condition;
}

/** `refused`: the condition does not hold, or somebody else is writing the key at this moment. */
export type PutAnswer = 'stored' | 'refused';

export interface StoredObject {
  readonly bytes: Buffer;
  /** As the store writes it, with its quotes. */
  readonly etag: string;
}

export interface ListedObject {
  readonly key: string;
  readonly size: number;
  readonly lastModified: number;
}

/**
 * One bucket, as a writer needs it. Every method rejects with a `Failure` of the fitting kind, or with the signal's
 * reason; no answer that could be something else than the store's is taken for one.
 */
export interface Bucket extends Disposable {
  /** `s3://bucket`, with the endpoint where it is not AWS. */
  readonly display: string;
  /** Undefined when there is no such object. */
  read(key: string, largest: number, signal: AbortSignal): Promise<StoredObject | undefined>;
  /** Bytes of an object; `unknown` where the credentials may not tell. */
  sizeOf(key: string, signal: AbortSignal): Promise<number | 'missing' | 'unknown'>;
  /** Every object below a prefix, page by page. */
  list(prefix: string, signal: AbortSignal): AsyncIterable<readonly ListedObject[]>;
  put(request: PutRequest, signal: AbortSignal): Promise<PutAnswer>;
}
