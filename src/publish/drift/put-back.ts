import { chmod, lstat, mkdir, rename, rmdir, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemCode } from '../../failure/failure.ts';
import { fsyncAll } from '../../platform/flush.ts';
import { fillingMode, removeTree } from '../closed-directories.ts';
import type { Manifest } from '../manifest.ts';
import type { Damage } from './damage.ts';
import { parentOf } from './inventory.ts';
import { occupied } from './obstruction.ts';
import { within } from './within.ts';

export interface PutBackOptions {
  readonly root: string;
  /** Holds what is to be put back, by its path. */
  readonly from: string;
  readonly manifest: Manifest;
  /** The root is a directory of ours; otherwise foreign files may lie among the set's. */
  readonly ownsRoot: boolean;
  readonly fsync: boolean;
}

/** Makes each damaged entry what it was, one rename each. What is staged is used up. */
export async function putBack(damages: readonly Damage[], options: PutBackOptions): Promise<void> {
  const { root, manifest, ownsRoot, fsync } = options;
  const dirMode = Number.parseInt(manifest.dirMode, 8);
  const touched = new Set<string>();
  for (const damage of damages) {
    if (damage.kind !== 'directory') continue;
    await closeAgain(join(root, damage.path), dirMode);
  }
  for (const damage of damages) {
    if (damage.kind === 'directory') continue;
    const entry = manifest.files[damage.index];
    if (entry === undefined) continue;
    const path = join(root, entry.path);
    if (damage.kind === 'mode' && !('link' in entry)) {
      await chmod(path, Number.parseInt(entry.mode, 8));
      continue;
    }
    const parent = parentOf(entry.path);
    await makeDirectory(root, parent, { dirMode, ownsRoot });
    await within(join(root, parent), async () => {
      await makeWay(path, ownsRoot);
      await rename(join(options.from, entry.path), path);
    });
    touched.add(join(root, parent));
  }
  if (fsync) await fsyncAll([...touched], root);
}

/** A directory of the set, and its parents; what is no directory has no business there. */
async function makeDirectory(
  root: string,
  path: string,
  modes: { readonly dirMode: number; readonly ownsRoot: boolean },
): Promise<void> {
  const { dirMode, ownsRoot } = modes;
  const whole = join(root, path);
  const found = await lstat(whole).catch(ignoreMissing);
  if (found?.isDirectory() === true || (path === '' && !ownsRoot && found !== undefined)) return;
  if (path !== '') await makeDirectory(root, parentOf(path), modes);
  const make = async () => {
    if (found !== undefined) await unlink(whole);
    await mkdir(whole, { mode: fillingMode(dirMode) });
  };
  if (path === '') await make();
  else await within(dirname(whole), make);
  await closeAgain(whole, dirMode);
}

/** Of the bits beside the permissions, those that the volume gives stay. */
async function closeAgain(path: string, dirMode: number): Promise<void> {
  const found = await lstat(path).catch(ignoreMissing);
  if (found?.isDirectory() !== true) return;
  if ((found.mode & 0o777) !== dirMode) await chmod(path, (found.mode & 0o7000) | dirMode);
}

/** A rename replaces anything but a directory. */
async function makeWay(path: string, ownsRoot: boolean): Promise<void> {
  const found = await lstat(path).catch(ignoreMissing);
  if (found?.isDirectory() !== true) return;
  if (ownsRoot) return removeTree(path);
  try {
    await rmdir(path);
  } catch (error) {
    if (systemCode(error) !== 'ENOTEMPTY' && systemCode(error) !== 'EEXIST') throw error;
    throw occupied(path);
  }
}

function ignoreMissing(error: unknown): undefined {
  if (['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) return undefined;
  throw error;
}
