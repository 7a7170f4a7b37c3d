import { RefusedError } from '../failure/failure.ts';
import type { Condition, PutAnswer } from './bucket.ts';
import { contentOfBytes } from './content.ts';
import { type Current, readCurrent, type Target } from './current.ts';
import { noConditions } from './failures.ts';
import { urlOf } from './place.ts';

/** An answer can get lost, or another request can be in the way, without anybody having moved the pointer. */
const attempts = 4;

/**
 * Makes the pointer say this, if it still says what it said when it was read. It is the one write that readers see, and
 * is not interrupted once it is on its way: what became of it would not be known.
 */
export async function movePointer(
  target: Target,
  current: Current,
  bytes: Buffer,
  signal: AbortSignal,
): Promise<void> {
  const never = new AbortController().signal;
  if (!target.comparesAndSwaps) await refuseMoved(target, current, signal);
  for (let attempt = 1; ; attempt += 1) {
    signal.throwIfAborted();
    const condition = target.comparesAndSwaps
      ? inForm(current.unmoved, attempt)
      : ({ kind: 'none' } as const);
    if ((await put(target, condition, bytes, never)) === 'stored') return;
    const now = await readCurrent(target, never);
    // The write came through, and its answer was lost.
    if (now.bytes?.equals(bytes)) return;
    if (!isUnmoved(now, current)) throw overtaken(target, now);
    if (attempt === attempts) {
      throw noConditions(target.bucket.display, 'it refuses If-Match though nobody has moved the pointer');
    }
  }
}

/** Ceph up to its version 16 compares with an ETag without quotes only; others may want them. Either is compared. */
function inForm(unmoved: Current['unmoved'], attempt: number): Condition {
  if (unmoved.kind !== 'same' || attempt % 2 === 1) return unmoved;
  return { kind: 'same', etag: unmoved.etag.replace(/^"(.*)"$/, '$1') };
}

function put(
  { bucket, pointer }: Target,
  condition: Condition,
  bytes: Buffer,
  signal: AbortSignal,
): Promise<PutAnswer> {
  const content = contentOfBytes(bytes);
  return bucket.put({ key: pointer, content, contentType: 'application/json', condition }, signal);
}

/** All that can be done where the store does not compare: another writer may still come in between. */
async function refuseMoved(target: Target, current: Current, signal: AbortSignal): Promise<void> {
  const now = await readCurrent(target, signal);
  if (!isUnmoved(now, current)) throw overtaken(target, now);
}

function isUnmoved({ unmoved: now }: Current, { unmoved: before }: Current): boolean {
  if (now.kind === 'same' && before.kind === 'same') return now.etag === before.etag;
  return now.kind === before.kind;
}

function overtaken({ place, pointer }: Target, { release, bytes }: Current): RefusedError {
  const says =
    release === undefined
      ? bytes === undefined
        ? 'is gone'
        : 'says something else'
      : `is at ${release.rev}, of ${release.createdAt}`;
  return new RefusedError({
    setting: '--pointer',
    problem: `another writer was faster: ${urlOf(place, pointer)} now ${says}; it was left so`,
    cure: 'look at what it brings, and release again if this one is still meant',
  });
}
