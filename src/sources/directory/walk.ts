import { type Dirent, lstatSync, readlinkSync, type Stats } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { RefusedError, systemCode } from '../../failure/failure.ts';
import { isLocalVolume } from '../../platform/local-volume.ts';
import { sliceLength } from '../../platform/slices.ts';
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

/** How a volume is asked. One that is far away keeps the thread that asks for as long as it does not answer. */
interface Asking {
  lstat(path: string): Stats | Promise<Stats>;
  readlink(path: string): string | Promise<string>;
}

const atOnce: Asking = { lstat: (path) => lstatSync(path), readlink: (path) => readlinkSync(path) };
const fromAfar: Asking = { lstat, readlink };

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
  const entries = await readSorted(directory);
  // Each by itself: a volume may be mounted below another.
  const asking = (await isLocalVolume(directory)) ? atOnce : fromAfar;
  for (const entry of entries) {
    const path = `${below}${entry.name}`;
    if (filter.excludes(path)) continue;
    if (entry.isDirectory()) {
      await walkInto(`${path}/`, options, found, signal);
      continue;
    }
    if (!filter.takes(path)) continue;
    found.push(await look(`${prefix}${entry.name}`, parsePath(path), asking));
    if (found.length > maxFiles) throw tooMany(root, maxFiles);
    if (found.length % sliceLength === 0) await setImmediate();
  }
}

/** Names that are not UTF-8 come out with a replacement character, and are refused when they are looked at. */
async function readSorted(directory: string): Promise<readonly Dirent[]> {
  try {
    const entries = await readdir(directory, { withFileTypes: true });
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    throw systemCode(error) === 'ENOENT' ? gone(directory) : unreadable(directory, error);
  }
}

async function look(absolute: string, path: RelativePath, asking: Asking): Promise<Found> {
  let stats: Stats;
  try {
    stats = await asking.lstat(absolute);
    if (stats.isSymbolicLink()) {
      return { kind: 'link', path, target: await asking.readlink(absolute), ...timesOf(stats) };
    }
  } catch (error) {
    throw ['ENOENT', 'EINVAL'].includes(systemCode(error) ?? '')
      ? gone(absolute)
      : unreadable(absolute, error);
  }
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
