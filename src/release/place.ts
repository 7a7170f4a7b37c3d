import { type BucketName, bucketName, keyPrefix } from '../settings/s3-kinds.ts';
import { documentKey } from '../sources/s3/pointer/document.ts';

/** Where the releases of one set lie: `s3://bucket/prefix`. */
export interface Place {
  readonly bucket: BucketName;
  /** Ends in `/`, or is empty. */
  readonly prefix: string;
}

/** Reads `s3://bucket/prefix`; the bucket can be an access point's ARN. Undefined for any other text. */
export function parsePlace(text: string): Place | undefined {
  const [, name = '', path = ''] =
    /^s3:\/\/(arn:[^/]*:accesspoint[/:][^/]+|[^/]+)(?:\/(.*))?$/is.exec(text) ?? [];
  const bucket = bucketName.parse(name);
  const prefix = path === '' ? '' : keyPrefix.parse(path);
  return bucket === undefined || prefix === undefined || path.startsWith('/')
    ? undefined
    : { bucket, prefix };
}

/** Contents are called by their digest: equal ones are stored once, and none is ever written over. */
export function blobsPrefix({ prefix }: Place): string {
  return `${prefix}blobs/`;
}

export function blobKey(place: Place, sha256: string): string {
  return `${blobsPrefix(place)}${sha256.slice(0, 2)}/${sha256}`;
}

/** Below it every release's document stays. */
export function releasesPrefix({ prefix }: Place): string {
  return `${prefix}releases/`;
}

export function releaseKey(place: Place, rev: string): string {
  return documentKey(releasesPrefix(place), rev);
}

/** `s3://bucket/key`, for people. */
export function urlOf({ bucket }: Place, key: string): string {
  return `s3://${bucket.text}/${key}`;
}
