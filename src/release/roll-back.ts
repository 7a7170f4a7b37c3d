import { RefusedError } from '../failure/failure.ts';
import { objectsOf, type Release } from '../sources/s3/pointer/document.ts';
import { largestManifest, parseManifest } from '../sources/s3/pointer/pointer.ts';
import { missingObjects, type Needed } from './blobs.ts';
import { readCurrent, refusePlainText, type Target } from './current.ts';
import { movePointer } from './move-pointer.ts';
import { blobsPrefix, urlOf } from './place.ts';
import { previousRev, readRelease } from './releases.ts';

export interface RollbackOptions {
  /** Undefined = the one before the present one. */
  readonly rev: string | undefined;
  readonly dryRun: boolean;
  /** Also in the place of plain text. */
  readonly force: boolean;
  readonly parallel: number;
}

export interface RolledBack {
  readonly result: 'rolled-back' | 'unchanged' | 'dry-run';
  readonly rev: string;
  readonly previous: string | undefined;
}

/** Moves the pointer to a release of before, after a look at whether everything of it is still there. */
export async function rollBack(
  target: Target,
  { rev: wanted, dryRun, force, parallel }: RollbackOptions,
  signal: AbortSignal,
): Promise<RolledBack> {
  const current = await readCurrent(target, signal);
  if (!force) refusePlainText(current, target);
  const previous = current.release?.rev;
  const rev = wanted ?? previousRev(current, target);
  const { release, bytes } = await readRelease(target, rev, signal);
  await refuseIncomplete(target, release, parallel, signal);
  if (current.bytes?.equals(bytes)) return { result: 'unchanged', rev, previous };
  if (dryRun) return { result: 'dry-run', rev, previous };
  await movePointer(target, current, bytes, signal);
  return { result: 'rolled-back', rev, previous };
}

async function refuseIncomplete(
  target: Target,
  release: Release,
  parallel: number,
  signal: AbortSignal,
): Promise<void> {
  const { bucket, place } = target;
  const needed = await neededBy(target, release, signal);
  const blobs = blobsPrefix(place);
  const prefix = needed.every(({ key }) => key.startsWith(blobs)) ? blobs : undefined;
  const [first, ...more] = await missingObjects(needed, { bucket, prefix, parallel }, signal);
  if (first === undefined) return;
  const others = more.length === 0 ? '' : `, one of ${more.length + 1} objects`;
  throw new RefusedError({
    setting: '--rollback',
    problem: `the release ${release.rev} is no longer whole: ${urlOf(place, first.key)} is not there${others}; the pointer was left alone`,
    cure: 'release its content again, and let nothing remove what releases name',
  });
}

/** A manifest stands for the files in it. */
async function neededBy(
  { bucket, place }: Target,
  release: Release,
  signal: AbortSignal,
): Promise<readonly Needed[]> {
  const { content } = release;
  if (content.kind !== 'manifest') return objectsOf(content);
  const found = await bucket.read(content.key, largestManifest, signal);
  if (found === undefined) return [content];
  const document = { setting: '--rollback', display: urlOf(place, content.key) };
  return objectsOf(parseManifest(found.bytes, document, content.sha256));
}
