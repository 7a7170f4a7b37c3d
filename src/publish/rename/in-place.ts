import { lstatSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isOwnLink, ownLinks, readLink } from '../own-links.ts';
import type { Ground } from './ground.ts';
import { parentsOf, type Standing } from './standing.ts';

/** Of our paths those below real directories that hold a file, or a link of the set: none of another mode's. */
export async function pathsInPlace(
  target: string,
  paths: ReadonlySet<string>,
  ground: Ground,
): Promise<readonly string[]> {
  const directories = new Set(['.', ...[...parentsOf(paths)].filter((path) => ground.isDirectory(path))]);
  const found: string[] = [];
  for (const path of paths) {
    if (!directories.has(dirname(path))) continue;
    const stat = lstatSync(join(target, path), { throwIfNoEntry: false });
    if (stat === undefined || stat.isDirectory()) continue;
    const text = stat.isSymbolicLink() ? await readLink(join(target, path)) : undefined;
    if (text === undefined || path.includes('/') || !isOwnLink(path, text)) found.push(path);
  }
  return found;
}

/**
 * What a change to another mode took away or replaced before it was killed. Where there is no link of another mode,
 * there was no such change.
 */
export async function takenByOther(
  target: string,
  { current }: Standing,
  ground: Ground,
): Promise<ReadonlySet<string>> {
  if (current === undefined || (await ownLinks(target)).length === 0) return new Set();
  const paths = new Set<string>(current.manifest.files.map(({ path }) => path));
  for (const path of await pathsInPlace(target, paths, ground)) paths.delete(path);
  return paths;
}
