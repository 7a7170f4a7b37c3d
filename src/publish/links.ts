import { readdir, readlink, symlink, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode, TargetError } from '../failure/failure.ts';
import { onTarget } from './target-errors.ts';

/** What readers follow to the current generation; its rename is what watchers of ConfigMap volumes look for. */
export const dataLink = '..data';

/** The first elements of a set's paths: each is one visible link. */
export function topLevelNames(paths: Iterable<string>): ReadonlySet<string> {
  const names = new Set<string>();
  for (const path of paths) {
    const end = path.indexOf('/');
    names.add(end === -1 ? path : path.slice(0, end));
  }
  return names;
}

/** Throws `TargetError` when something that Wherry did not write holds one of the names. */
export async function refuseForeign(target: string, names: ReadonlySet<string>): Promise<void> {
  for (const entry of await onTarget(readdir(target, { withFileTypes: true }))) {
    if (!names.has(entry.name)) continue;
    if (entry.isSymbolicLink() && (await isOurs(target, entry.name))) continue;
    throw inTheWay(join(target, entry.name));
  }
}

export function inTheWay(path: string): TargetError {
  return new TargetError({
    setting: 'WHERRY_TARGET',
    problem: `${path} is in the way: that name is needed, and Wherry did not write it`,
    cure: 'remove it, or leave a name of the set out with WHERRY_EXCLUDE',
  });
}

/** Makes the missing links, then removes the stale ones. True when something had to be done. */
export async function putLinksRight(target: string, names: ReadonlySet<string>): Promise<boolean> {
  let changed = false;
  for (const name of names) {
    if (await isOurs(target, name)) continue;
    await refuseForeign(target, new Set([name]));
    await onTarget(symlink(`${dataLink}/${name}`, join(target, name)));
    changed = true;
  }
  for (const entry of await onTarget(readdir(target, { withFileTypes: true }))) {
    const stale = entry.isSymbolicLink() && !names.has(entry.name) && (await isOurs(target, entry.name));
    if (!stale) continue;
    await onTarget(unlink(join(target, entry.name)));
    changed = true;
  }
  return changed;
}

/** A link is ours when its text is exactly what we write. */
async function isOurs(target: string, name: string): Promise<boolean> {
  return (await readLink(join(target, name))) === `${dataLink}/${name}`;
}

/** The text of a link; undefined for what is absent or no link. */
export async function readLink(path: string): Promise<string | undefined> {
  try {
    return await readlink(path);
  } catch (error) {
    if (['ENOENT', 'EINVAL', 'ENOTDIR'].includes(systemCode(error) ?? '')) return undefined;
    return onTarget(Promise.reject(error));
  }
}
