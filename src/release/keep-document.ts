import { RefusedError } from '../failure/failure.ts';
import { largestPointer, tooLarge } from '../sources/s3/pointer/pointer.ts';
import type { PutRequest } from './bucket.ts';
import { contentOfBytes } from './content.ts';
import type { Target } from './current.ts';
import { noConditions } from './failures.ts';
import { releaseKey, urlOf } from './place.ts';

/** No object has it. */
const nobodysETag = '"00000000000000000000000000000000"';

/**
 * Puts the document of a release where it stays for good. The same bytes are then written again on conditions that do
 * not hold: a store that takes them knows no conditions, and would let two writers overwrite each other. (Ceph up to its
 * version 16 is such a one where the bucket keeps versions.)
 */
export async function keepDocument(
  target: Target,
  rev: string,
  bytes: Buffer,
  signal: AbortSignal,
): Promise<void> {
  const { bucket, place, comparesAndSwaps } = target;
  const key = releaseKey(place, rev);
  const display = urlOf(place, key);
  if (bytes.byteLength > largestPointer) {
    throw tooLarge({ setting: '--max-files', display: `the document ${display}` }, largestPointer);
  }
  const request = { key, content: contentOfBytes(bytes), contentType: 'application/json' } as const;
  const write = (condition: PutRequest['condition']) => bucket.put({ ...request, condition }, signal);
  if (!comparesAndSwaps) {
    await refuseOther(target, rev, bytes, signal);
    await write({ kind: 'none' });
    return;
  }
  if ((await write({ kind: 'new' })) === 'refused') await refuseOther(target, rev, bytes, signal);
  else if ((await write({ kind: 'new' })) === 'stored') {
    throw noConditions(bucket.display, 'it took no notice of If-None-Match');
  }
  if ((await write({ kind: 'same', etag: nobodysETag })) === 'stored') {
    throw noConditions(bucket.display, 'it took no notice of If-Match');
  }
}

/** A name stands for one release for ever. */
async function refuseOther(
  { bucket, place }: Target,
  rev: string,
  bytes: Buffer,
  signal: AbortSignal,
): Promise<void> {
  const found = await bucket.read(releaseKey(place, rev), largestPointer, signal);
  if (found === undefined || found.bytes.equals(bytes)) return;
  throw new RefusedError({
    setting: '--rev',
    problem: `there is a release ${JSON.stringify(rev)} already, and it is another one`,
    cure: 'give this one another name',
  });
}
