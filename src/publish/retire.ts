import { lutimesSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../failure/failure.ts';
import { inSlices } from '../platform/slices.ts';
import { manifestName } from '../snapshot/path-rules.ts';
import { type Generation, generationsIn, readGeneration } from './generation.ts';
import { onTarget } from './target-errors.ts';

/**
 * New timestamps for the replaced files wake watchers that hold their inodes and would see nothing else. The manifest's
 * come last but for the directory's, whose time says when the generation was replaced.
 */
export async function retire({ directory, manifest }: Generation): Promise<void> {
  const now = new Date();
  await inSlices(manifest.files, ({ path }) => touch(`${directory}/${path}`, now));
  touch(join(directory, manifestName), now);
  touch(directory, now);
}

/**
 * The generation, of whatever mode, that the current one replaced, if it was not touched since the current one was made.
 * Those before it were woken in their time, and a restart that wakes anybody again would be no news to them.
 */
export async function unretired(target: string, current: Generation): Promise<readonly Generation[]> {
  const { ctimeMs } = await onTarget(stat(join(current.directory, manifestName)));
  let replaced: Generation | undefined;
  for (const name of await onTarget(generationsIn(target))) {
    if (name === current.name) continue;
    const generation = await onTarget(readGeneration(target, name));
    if (generation === undefined || generation.manifest.sequence >= current.manifest.sequence) continue;
    if (generation.manifest.sequence > (replaced?.manifest.sequence ?? 0)) replaced = generation;
  }
  if (replaced === undefined) return [];
  return (await onTarget(stat(replaced.directory))).mtimeMs < ctimeMs ? [replaced] : [];
}

/** What something else removed or protects has nobody left to wake. */
function touch(path: string, time: Date): void {
  try {
    lutimesSync(path, time, time);
  } catch (error) {
    if (!['ENOENT', 'ENOTDIR', 'EPERM', 'EACCES', 'EROFS'].includes(systemCode(error) ?? '')) throw error;
  }
}
