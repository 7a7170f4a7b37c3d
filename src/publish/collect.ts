import { rmdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../failure/failure.ts';
import { generationsDirectory } from '../snapshot/path-rules.ts';
import { removeTree } from './closed-directories.ts';
import { generationsIn, placeOfGeneration, readGeneration } from './generation.ts';
import { isForeignVolume, linkedGenerations } from './own-links.ts';
import type { Collected } from './publisher.ts';
import { onTarget } from './target-errors.ts';

export interface Collecting {
  readonly target: string;
  /** Milliseconds for which a replaced generation stays. */
  readonly retain: number;
  /** The published one. */
  readonly sequence: number;
  readonly keep: ReadonlySet<string>;
}

/** Removes the generations, of whatever mode, that no name leads to: unfinished ones at once, replaced ones in time. */
export async function collectGenerations({ target, retain, sequence, keep }: Collecting): Promise<Collected> {
  const linked = await linkedGenerations(target);
  const isShared = await isForeignVolume(target);
  let due: number | undefined;
  let failure: unknown;
  for (const name of await onTarget(generationsIn(target))) {
    const place = placeOfGeneration(name);
    if (place === undefined || linked.has(name) || keep.has(name)) continue;
    if (isShared && place === name) continue;
    try {
      const age = await ageOfReplaced(target, name, sequence);
      if (age === undefined || age >= retain) await removeTree(join(target, place));
      else due = Math.min(due ?? retain, retain - age);
    } catch (error) {
      failure ??= error;
    }
  }
  return { due, failure };
}

/** The link mode's directory goes with its last generation, when the mode is another one now. */
export async function removeEmptyPlace(target: string): Promise<void> {
  try {
    await rmdir(join(target, generationsDirectory));
  } catch (error) {
    if (!['ENOENT', 'ENOTDIR', 'ENOTEMPTY', 'EEXIST'].includes(systemCode(error) ?? '')) {
      await onTarget(Promise.reject(error));
    }
  }
}

/** Milliseconds since a generation was replaced; undefined for one that never was published. */
async function ageOfReplaced(target: string, name: string, sequence: number): Promise<number | undefined> {
  const generation = await readGeneration(target, name);
  if (generation === undefined || generation.manifest.sequence >= sequence) return undefined;
  const replacedAt = (await stat(generation.directory)).mtimeMs;
  // A clock that was set back makes the age negative: then it counts from that distance, and still ends.
  return Math.abs(Date.now() - replacedAt);
}
