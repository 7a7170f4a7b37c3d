import { type BigIntStats, lstatSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { inSlices } from '../platform/slices.ts';

/** What a directory holds, as far as that can be told without reading the files. */
export type DirectoryState = ReadonlyMap<string, string>;

export async function stateOfDirectory(directory: string): Promise<DirectoryState> {
  const names = await readdir(directory, { recursive: true });
  const state = new Map<string, string>();
  await inSlices(['', ...names], (name) => {
    const stats = lstatSync(join(directory, name), { bigint: true, throwIfNoEntry: false });
    if (stats !== undefined) state.set(name, describe(stats));
  });
  return state;
}

/** The first thing that differs, with what happened to it. */
export function changeBetween(before: DirectoryState, after: DirectoryState): string | undefined {
  for (const [name, was] of before) {
    const is = after.get(name);
    if (is === undefined) return `removed ${shown(name)}`;
    if (is !== was) return `changed ${shown(name)}`;
  }
  for (const name of after.keys()) if (!before.has(name)) return `made ${shown(name)}`;
  return undefined;
}

/** A directory's own times tell of files that were made and removed again, which changes nothing. */
function describe(stats: BigIntStats): string {
  const { ino, mode, uid, gid, size, mtimeNs, ctimeNs } = stats;
  const identity = [ino, mode, uid, gid];
  return (stats.isDirectory() ? identity : [...identity, size, mtimeNs, ctimeNs]).join(' ');
}

function shown(name: string): string {
  return name === '' ? 'the directory itself' : JSON.stringify(name);
}
