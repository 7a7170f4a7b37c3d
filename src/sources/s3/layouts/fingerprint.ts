import type { Fingerprint } from '../../../snapshot/entry.ts';
import type { ObjectHead } from '../store/store.ts';

/** Of an object whose hash nobody has told. The time stands for what an ETag may leave open: it need not be a digest. */
export function fingerprintOf({
  etag,
  size,
  lastModified,
}: Pick<ObjectHead, 'etag' | 'size' | 'lastModified'>): Fingerprint {
  return `s3:${etag}:${size}:${lastModified?.getTime() ?? ''}` as Fingerprint;
}
