import { constants, copyFileSync, existsSync, mkdirSync, renameSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { inSlices } from '../../platform/slices.ts';
import { fillingMode, openDirectory, openTree } from '../closed-directories.ts';
import { findEntry } from '../find-entry.ts';
import type { Generation } from '../generation.ts';
import type { Manifest, ManifestEntry, ManifestFile } from '../manifest.ts';
import { type Difference, isSameFile } from './difference.ts';
import { parentsOf, type Standing } from './standing.ts';
import { ensurePrivate } from './workshop.ts';

/*
 * A replaced generation keeps, of its files, those that the next one replaced or removed: that is what a rollback cannot
 * find in the target any more. They are copies, so that they share no inode with anything that somebody may have open,
 * and no watcher of the old inode is woken before there is something new.
 */

/** Copies what the next set is about to replace. Resolves to what was written, directories too. */
export async function keepReplaced(
  { current, unsure }: Standing,
  { changes, removals }: Difference,
): Promise<readonly string[]> {
  if (current === undefined || !existsSync(current.directory)) return [];
  const { directory, manifest, root } = current;
  const going = new Set<string>([...changes.map(({ path }) => path), ...removals]);
  const files = manifest.files.filter(
    (entry): entry is ManifestFile => !('link' in entry) && going.has(entry.path) && !unsure.has(entry.path),
  );
  if (files.length === 0) return [];
  const parents = [...parentsOf(files.map(({ path }) => path))].map((parent) => join(directory, parent));
  await openOrMake([directory, ...parents], manifest);
  const written: string[] = [];
  await inSlices(files, (file) => {
    const path = join(directory, file.path);
    if (copyPlain(join(root, file.path), path, file.size)) written.push(path);
  });
  return [...written, ...parents, directory];
}

/** A publish that was killed may have left directories of its set there, which nobody may write into. */
async function openOrMake(directories: readonly string[], manifest: Manifest): Promise<void> {
  for (const directory of directories.toSorted()) {
    await ensurePrivate(directory);
    if (areClosed(manifest)) await openDirectory(directory);
  }
}

function areClosed({ dirMode }: Manifest): boolean {
  const mode = Number.parseInt(dirMode, 8);
  return fillingMode(mode) !== mode;
}

/** What something else put in the place of a published file is not worth keeping. */
function copyPlain(from: string, to: string, size: number): boolean {
  const found = findEntry(from);
  if (found?.isFile() !== true || found.size !== size) return false;
  copyFileSync(from, to, constants.COPYFILE_FICLONE);
  return true;
}

/** Where the files of a retained generation are that are not in the target: in it, or in one that is younger. */
export function placesOfKept(
  { directory, manifest }: Generation,
  younger: readonly Generation[],
): (entry: ManifestFile) => string {
  const others = younger.map((generation) => ({
    directory: generation.directory,
    entries: new Map<string, ManifestEntry>(generation.manifest.files.map((entry) => [entry.path, entry])),
    sequence: generation.manifest.sequence,
  }));
  const following = others
    .filter(({ sequence }) => sequence > manifest.sequence)
    .toSorted((one, other) => one.sequence - other.sequence);
  return (entry) => {
    const own = join(directory, entry.path);
    if (existsSync(own)) return own;
    for (const { directory: other, entries } of following) {
      const known = entries.get(entry.path);
      if (known === undefined || !isSameFile(known, entry)) break;
      if (existsSync(join(other, entry.path))) return join(other, entry.path);
    }
    return own;
  };
}

/** A generation that goes leaves to an older one that stays what only it still has of that one's files. */
export async function handDown(from: Generation, to: Generation): Promise<void> {
  const wanted = new Map<string, ManifestEntry>(to.manifest.files.map((entry) => [entry.path, entry]));
  const had = new Map<string, ManifestEntry>(from.manifest.files.map((entry) => [entry.path, entry]));
  for (const { directory, manifest } of [from, to]) if (areClosed(manifest)) await openTree(directory);
  for (const entry of await readdir(from.directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name).slice(from.directory.length + 1);
    const mine = had.get(path);
    const theirs = wanted.get(path);
    if (mine === undefined || theirs === undefined || !isSameFile(mine, theirs)) continue;
    if (existsSync(join(to.directory, path))) continue;
    mkdirSync(join(to.directory, dirname(path)), { recursive: true, mode: 0o700 });
    renameSync(join(from.directory, path), join(to.directory, path));
  }
}
