import type { Dirent, Stats } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { RefusedError } from '../../failure/failure.ts';
import { sliceLength } from '../../platform/slices.ts';
import { filesIn, type VolumeFiles } from '../../platform/volume-files.ts';
import type { RelativePath } from '../../snapshot/entry.ts';
import type { PathFilter } from '../../snapshot/path-filter.ts';
import { parsePath } from '../../snapshot/path-rules.ts';
import { gone, unreadable } from './failures.ts';
import type { Found, FoundFile } from './listing.ts';

export interface WalkOptions {
  readonly root: string;
  readonly filter: PathFilter;
  /** A set with more files is refused at once, before memory goes into it. */
  readonly maxFiles: number;
}

/** Every file and link below a directory, by path. What the globs leave out is not even looked at. */
export async function walk(options: WalkOptions, signal: AbortSignal): Promise<readonly Found[]> {
  const found: Found[] = [];
  await walkInto('', options, found, signal);
  return found;
}

async function walkInto(
  below: string,
  options: WalkOptions,
  found: Found[],
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  const { root, filter, maxFiles } = options;
  const directory = join(root, below);
  const prefix = `${root}/${below}`;
  // Each by itself: a volume may be mounted below another.
  const files = await filesIn(directory);
  for (const entry of await readSorted(directory, files)) {
    const path = `${below}${entry.name}`;
    if (filter.excludes(path)) continue;
    if (entry.isDirectory()) {
      await walkInto(`${path}/`, options, found, signal);
      continue;
    }
    if (!filter.takes(path)) continue;
    found.push(await look(`${prefix}${entry.name}`, parsePath(path), files));
    if (found.length > maxFiles) throw tooMany(root, maxFiles);
    if (found.length % sliceLength === 0) await setImmediate();
  }
}

/** Names that are not UTF-8 come out with a replacement character, and are refused when they are looked at. */
async function readSorted(directory: string, files: VolumeFiles): Promise<readonly Dirent[]> {
  let entries: readonly Dirent[] | undefined;
  try {
    entries = await files.entries(directory);
  } catch (error) {
    throw unreadable(directory, error);
  }
  if (entries === undefined) throw gone(directory);
  return entries.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

async function look(absolute: string, path: RelativePath, files: VolumeFiles): Promise<Found> {
  let stats: Stats | undefined;
  let target: string | undefined;
  try {
    stats = await files.lstat(absolute);
    if (stats?.isSymbolicLink() === true) target = await files.readlink(absolute);
  } catch (error) {
    throw unreadable(absolute, error);
  }
  // It was there a moment ago.
  if (stats === undefined || (stats.isSymbolicLink() && target === undefined)) throw gone(absolute);
  if (target !== undefined) return { kind: 'link', path, target, ...timesOf(stats) };
  if (stats.isFile()) return { kind: 'file', path, ...fileState(stats) };
  throw new RefusedError({
    setting: 'WHERRY_DIR_PATH',
    problem: `${absolute} is a device, a pipe or a socket`,
    cure: 'remove it, or leave it out with WHERRY_EXCLUDE',
  });
}

export function fileState(stats: Stats): Omit<FoundFile, 'kind' | 'path'> {
  const { ino, size, mode, mtimeMs, ctimeMs } = stats;
  return {
    ...timesOf(stats),
    size,
    executable: (mode & 0o111) !== 0,
    mark: `${ino}:${size}:${mtimeMs}:${ctimeMs}`,
  };
}

function timesOf({ mtimeMs, ctimeMs }: Stats): Pick<FoundFile, 'changedAt' | 'isCoarse'> {
  // A tool may give a file a whole second as the time of its content; the other time is the file system's own.
  return { changedAt: Math.max(mtimeMs, ctimeMs), isCoarse: mtimeMs % 1000 === 0 && ctimeMs % 1000 === 0 };
}

function tooMany(root: string, maxFiles: number): RefusedError {
  return new RefusedError({
    setting: 'WHERRY_MAX_FILES',
    problem: `there are more than ${maxFiles} files in ${root}`,
    cure: 'take a part with globs or a directory below it, or raise the limit',
  });
}
