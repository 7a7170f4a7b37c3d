import { Lanes } from '../platform/lanes.ts';
import type { Bucket } from './bucket.ts';
import { contentOfFile } from './content.ts';
import type { Hashed } from './hash-files.ts';

/** A content on its way into the bucket. */
export interface Blob extends Hashed {
  readonly key: string;
}

export interface UploadOptions {
  readonly bucket: Bucket;
  readonly parallel: number;
  /** Whether the store can refuse to write over an object. */
  readonly conditional: boolean;
  onUploaded(bytes: number): void;
}

/** Puts the contents into the bucket, several at a time; the first failure ends the others. */
export async function uploadBlobs(
  blobs: readonly Blob[],
  { bucket, parallel, conditional, onUploaded }: UploadOptions,
  signal: AbortSignal,
): Promise<void> {
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const lanes = new Lanes(parallel);
  const upload = async ({ key, place, size, sha256 }: Blob) => {
    // Refused is as good as stored: another writer put the same bytes there.
    await bucket.put(
      {
        key,
        content: contentOfFile(place, size, sha256),
        contentType: 'application/octet-stream',
        condition: conditional ? { kind: 'new' } : { kind: 'none' },
      },
      either,
    );
    onUploaded(size);
  };
  try {
    for (const blob of blobs) {
      await lanes.enter(() =>
        upload(blob).catch((error: unknown) => {
          failed.abort(error);
          throw error;
        }),
      );
    }
  } finally {
    // None may go on when this has ended.
    await lanes.idle().catch(() => undefined);
  }
  signal.throwIfAborted();
  failed.signal.throwIfAborted();
}
