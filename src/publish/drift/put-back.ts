import { chmod, lstat, mkdir, rename, rmdir, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Failure, systemCode, TargetError } from '../../failure/failure.ts';
import { fsyncAll } from '../../platform/flush.ts';
import { fillingMode, removeTree } from '../closed-directories.ts';
import type { Manifest } from '../manifest.ts';
import { onTarget } from '../target-errors.ts';
import type { Damage } from './damage.ts';
import { parentOf } from './inventory.ts';
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

/**
 * Makes each damaged entry what it was, one rename each. What is staged is used up. Resolves with those of which the volume,
 * or what something else put there, keeps it: they keep no other from coming back.
 */
export async function putBack(
  damages: readonly Damage[],
  options: PutBackOptions,
): Promise<ReadonlyMap<Damage, Failure>> {
  const { root, fsync } = options;
  const failed = new Map<Damage, Failure>();
  const touched = new Set<string>();
  // A closed directory lets nothing through to what lies in it.
  for (const damage of damages.toSorted((a, b) => Number(isEntry(a)) - Number(isEntry(b)))) {
    try {
      const parent = await onTarget(isEntry(damage) ? putEntryBack(damage, options) : close(damage, options));
      if (parent !== undefined) touched.add(parent);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      failed.set(damage, error);
    }
  }
  if (fsync) await fsyncAll([...touched], root);
  return failed;
}

type EntryDamage = Exclude<Damage, { readonly kind: 'directory' }>;

function isEntry(damage: Damage): damage is EntryDamage {
  return damage.kind !== 'directory';
}

async function close({ path }: Damage, { root, manifest }: PutBackOptions): Promise<undefined> {
  await closeAgain(join(root, path), Number.parseInt(manifest.dirMode, 8));
}

/** Resolves with the directory that was changed. */
async function putEntryBack(
  { kind, index }: EntryDamage,
  { root, from, manifest, ownsRoot }: PutBackOptions,
): Promise<string | undefined> {
  const entry = manifest.files[index];
  if (entry === undefined) return undefined;
  const path = join(root, entry.path);
  if (kind === 'mode' && !('link' in entry)) {
    await chmod(path, Number.parseInt(entry.mode, 8));
    return undefined;
  }
  const parent = parentOf(entry.path);
  await makeDirectory(root, parent, { dirMode: Number.parseInt(manifest.dirMode, 8), ownsRoot });
  await within(join(root, parent), async () => {
    await makeWay(path, ownsRoot);
    await rename(join(from, entry.path), path);
  });
  return join(root, parent);
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
    throw new TargetError({
      setting: 'WHERRY_TARGET',
      problem: `${path} is a directory with files that Wherry did not write, in the place of a published file`,
      cure: 'remove it',
    });
  }
}

function ignoreMissing(error: unknown): undefined {
  if (['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) return undefined;
  throw error;
}
