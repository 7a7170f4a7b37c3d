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
  readonly sequences: Sequences;
}

/**
 * The sequences of generations that were published, by their names, as far as this process read or wrote their manifests:
 * a large manifest takes long to read, and there may be many that stay.
 */
export type Sequences = Map<string, number>;

/** Removes the generations, of whatever mode, that no name leads to: unfinished ones at once, replaced ones in time. */
export async function collectGenerations(collecting: Collecting): Promise<Collected> {
  const { target, retain, keep, sequences } = collecting;
  let due: number | undefined;
  let failure: unknown;
  let standing: Standing | undefined;
  for (const name of await onTarget(generationsIn(target))) {
    const place = placeOfGeneration(name);
    if (place === undefined || keep.has(name)) continue;
    try {
      const age = await ageOfReplaced(collecting, name, place);
      if (age !== undefined && age < retain) {
        due = Math.min(due ?? retain, retain - age);
        continue;
      }
      standing ??= await standingIn(target);
      if (standing.linked.has(name) || (standing.isShared && place === name)) continue;
      await removeTree(join(target, place));
      sequences.delete(name);
    } catch (error) {
      failure ??= error;
    }
  }
  return { due, failure };
}

/** What must stay, however old it is. */
interface Standing {
  readonly linked: ReadonlySet<string>;
  /** The names of generations are those of somebody else's volume. */
  readonly isShared: boolean;
}

/** Reads every link of the target: asked for only when there is something to remove. */
async function standingIn(target: string): Promise<Standing> {
  return { linked: await linkedGenerations(target), isShared: await isForeignVolume(target) };
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
async function ageOfReplaced(
  { target, sequence, sequences }: Collecting,
  name: string,
  place: string,
): Promise<number | undefined> {
  const own = sequences.get(name) ?? (await readGeneration(target, name))?.manifest.sequence;
  if (own === undefined || own >= sequence) return undefined;
  sequences.set(name, own);
  const replacedAt = (await stat(join(target, place))).mtimeMs;
  // A clock that was set back makes the age negative: then it counts from that distance, and still ends.
  return Math.abs(Date.now() - replacedAt);
}
