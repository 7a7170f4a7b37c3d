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
  await inSlices(manifest.files, ({ path }) => touch(join(directory, path), now));
  touch(join(directory, manifestName), now);
  touch(directory, now);
}

/** Older generations, of whatever mode, whose directory was not touched since the current one was made. */
export async function unretired(target: string, current: Generation): Promise<readonly Generation[]> {
  const { ctimeMs } = await onTarget(stat(join(current.directory, manifestName)));
  const found: Generation[] = [];
  for (const name of await onTarget(generationsIn(target))) {
    if (name === current.name) continue;
    const generation = await onTarget(readGeneration(target, name));
    const isOlder = generation !== undefined && generation.manifest.sequence < current.manifest.sequence;
    if (isOlder && (await onTarget(stat(generation.directory))).mtimeMs < ctimeMs) found.push(generation);
  }
  return found;
}

/** What something else removed or protects has nobody left to wake. */
function touch(path: string, time: Date): void {
  try {
    lutimesSync(path, time, time);
  } catch (error) {
    if (!['ENOENT', 'ENOTDIR', 'EPERM', 'EACCES', 'EROFS'].includes(systemCode(error) ?? '')) throw error;
  }
}
