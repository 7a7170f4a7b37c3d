import { RefusedError } from '../failure/failure.ts';
import { formatRelease } from '../sources/s3/pointer/document.ts';
import { largestPointer, parsePointer, tooLarge } from '../sources/s3/pointer/pointer.ts';
import type { Condition } from './bucket.ts';
import { contentOfBytes } from './content.ts';
import type { Target } from './current.ts';
import { noConditions } from './failures.ts';
import { releaseKey, urlOf } from './place.ts';

/** No object has it. */
const nobodysETag = '"00000000000000000000000000000000"';

/**
 * Puts the document of a release where it stays for good, and returns what stays there: that of an earlier try, where
 * one did not come to its end. The same bytes are then written again on conditions that do not hold: a store that takes
 * them knows no conditions, and would let two writers overwrite each other. (Ceph up to its version 16 is such a one
 * where the bucket keeps versions.)
 */
export async function keepDocument(
  target: Target,
  rev: string,
  bytes: Buffer,
  signal: AbortSignal,
): Promise<Buffer> {
  const { bucket, place, comparesAndSwaps } = target;
  const key = releaseKey(place, rev);
  const display = urlOf(place, key);
  if (bytes.byteLength > largestPointer) {
    throw tooLarge({ setting: '--max-files', display: `the document ${display}` }, largestPointer);
  }
  const earlier = await earlierTry(target, rev, bytes, signal);
  const write = (document: Buffer, condition: Condition) => {
    const content = contentOfBytes(document);
    return bucket.put({ key, content, contentType: 'application/json', condition }, signal);
  };
  if (!comparesAndSwaps) {
    if (earlier === undefined) await write(bytes, { kind: 'none' });
    return earlier ?? bytes;
  }
  let kept = earlier ?? bytes;
  if (earlier === undefined && (await write(kept, { kind: 'new' })) === 'refused') {
    // An answer got lost, or another writer came in between.
    kept = (await earlierTry(target, rev, kept, signal)) ?? kept;
  }
  if ((await write(kept, { kind: 'new' })) === 'stored') {
    throw noConditions(bucket.display, 'it took no notice of If-None-Match');
  }
  if ((await write(kept, { kind: 'same', etag: nobodysETag })) === 'stored') {
    throw noConditions(bucket.display, 'it took no notice of If-Match');
  }
  return kept;
}

/** A name stands for one release for ever: what is there already must be this one, but for the time. */
async function earlierTry(
  { bucket, place }: Target,
  rev: string,
  bytes: Buffer,
  signal: AbortSignal,
): Promise<Buffer | undefined> {
  const key = releaseKey(place, rev);
  const found = await bucket.read(key, largestPointer, signal);
  if (found === undefined || found.bytes.equals(bytes)) return found?.bytes;
  if (withoutTime(found.bytes, urlOf(place, key)) === withoutTime(bytes, urlOf(place, key)))
    return found.bytes;
  throw new RefusedError({
    setting: '--rev',
    problem: `there is a release ${JSON.stringify(rev)} already, and it is another one`,
    cure: 'give this one another name',
  });
}

/** Undefined where it is no release. */
function withoutTime(bytes: Buffer, display: string): string | undefined {
  try {
    const pointer = parsePointer(bytes, { setting: '--rev', display }, display);
    return pointer.kind === 'release' ? formatRelease({ ...pointer.release, createdAt: '' }) : undefined;
  } catch {
    return undefined;
  }
}
