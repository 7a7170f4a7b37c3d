import { readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../../failure/failure.ts';
import { manifestName } from '../../snapshot/path-rules.ts';
import { openDirectory, removeTree } from '../closed-directories.ts';
import { type Generation, isGenerationName } from '../generation.ts';
import type { Collected } from '../publisher.ts';
import { handDown } from './kept-files.ts';
import { readKept } from './standing.ts';

/** Its time says when a generation was replaced. What lacks it was never published. */
const replacedMark = '..replaced';

export function markReplaced({ directory }: Generation): Promise<void> {
  return writeFile(join(directory, replacedMark), '', { mode: 0o600 });
}

export interface CollectingKept {
  readonly workshop: string;
  /** Milliseconds for which a replaced generation stays. */
  readonly retain: number;
  /** Those that the pointers name. */
  readonly current: string | undefined;
  readonly next: string | undefined;
  readonly keep: ReadonlySet<string>;
}

/** Removes what no rollback needs: stages of killed runs at once, replaced generations in time. */
export async function collectKept(options: CollectingKept): Promise<Collected> {
  const { workshop, retain, current, next, keep } = options;
  const names = (await readdir(workshop)).filter(isGenerationName);
  const isKept = (name: string) => name === current || name === next || keep.has(name);
  const going: string[] = [];
  let due: number | undefined;
  let failure: unknown;
  for (const name of names) {
    if (isKept(name)) continue;
    const age = await ageOfReplaced(join(workshop, name));
    if (age === undefined || age >= retain) going.push(name);
    else due = Math.min(due ?? retain, retain - age);
  }
  const staying = names.filter((name) => name !== current && name !== next && !going.includes(name));
  for (const name of going) {
    try {
      if (staying.length > 0) await leaveToOlder(workshop, name, staying);
      await removeTree(join(workshop, name));
    } catch (error) {
      failure ??= error;
    }
  }
  // While a publish is unfinished, the current generation holds what it would take to go back.
  if (current !== undefined && next === undefined) await strip(join(workshop, current));
  return { due, failure };
}

/** Every generation that is there, the current one too. */
export async function keptGenerations(workshop: string): Promise<readonly Generation[]> {
  const found: Generation[] = [];
  for (const name of await readdir(workshop)) {
    const generation = await readKept(workshop, name);
    if (generation !== undefined) found.push(generation);
  }
  return found;
}

/** Milliseconds since a generation was replaced. */
async function ageOfReplaced(directory: string): Promise<number | undefined> {
  try {
    const { mtimeMs } = await stat(join(directory, replacedMark));
    // A clock that was set back makes the age negative: then it counts from that distance, and still ends.
    return Math.abs(Date.now() - mtimeMs);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function leaveToOlder(workshop: string, name: string, staying: readonly string[]): Promise<void> {
  const from = await readKept(workshop, name);
  if (from === undefined) return;
  let heir: Generation | undefined;
  for (const candidate of await keptGenerations(workshop)) {
    if (!staying.includes(candidate.name) || candidate.manifest.sequence >= from.manifest.sequence) continue;
    if (candidate.manifest.sequence > (heir?.manifest.sequence ?? -1)) heir = candidate;
  }
  if (heir !== undefined) await handDown(from, heir);
}

/** The files of the current generation are in the target: what is left in its own directory is of no use. */
async function strip(directory: string): Promise<void> {
  const left = (await readdir(directory)).filter((name) => name !== manifestName && !name.startsWith('..'));
  if (left.length === 0) return;
  await openDirectory(directory);
  for (const name of left) await removeTree(join(directory, name));
}
