import { Failure, RefusedError } from '../failure/failure.ts';
import type { Release } from '../sources/s3/pointer/document.ts';
import { largestPointer, type Pointer, parsePointer } from '../sources/s3/pointer/pointer.ts';
import type { Bucket, Condition } from './bucket.ts';
import { type Place, urlOf } from './place.ts';

/** Which pointer of which bucket, and how it may be moved. */
export interface Target {
  readonly bucket: Bucket;
  readonly place: Place;
  /** From the root of the bucket, as the readers have it. */
  readonly pointer: string;
  /** False: without comparing, for stores that cannot. */
  readonly comparesAndSwaps: boolean;
}

/** What the pointer said when it was read. */
export interface Current {
  readonly bytes: Buffer | undefined;
  /** Undefined when there is none, or one that is no release of this form. */
  readonly release: Release | undefined;
  /** Holds as long as nobody moves it. */
  readonly unmoved: Condition;
}

/** Reads the pointer. One that readers could not understand is not written over. */
export async function readCurrent(target: Target, signal: AbortSignal): Promise<Current> {
  const found = await target.bucket.read(target.pointer, largestPointer, signal);
  if (found === undefined) return { bytes: undefined, release: undefined, unmoved: { kind: 'new' } };
  const { bytes, etag } = found;
  const pointer = parse(bytes, target);
  const release = pointer.kind === 'release' ? pointer.release : undefined;
  return { bytes, release, unmoved: { kind: 'same', etag } };
}

/** One line of text can be a pointer, and can be anybody's file whose key was named by mistake. */
export function refusePlainText({ bytes, release }: Current, { place, pointer }: Target): void {
  if (bytes === undefined || release !== undefined) return;
  throw new RefusedError({
    setting: '--pointer',
    problem: `${urlOf(place, pointer)} is plain text and no release, and is not written over`,
    cure: 'name another key, or give --force to put a release in its place',
  });
}

function parse(bytes: Buffer, { pointer, place }: Target): Pointer {
  const display = urlOf(place, pointer);
  try {
    return parsePointer(bytes, { setting: '--pointer', display }, pointer);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    throw new RefusedError({
      setting: '--pointer',
      problem: `${error.details.problem}: what is there is no pointer, and is not written over`,
      cure: 'name another key, or remove that object',
      cause: error,
    });
  }
}
