import type { ManifestEntry } from '../manifest.ts';

/*
 * The entries of a manifest stand in the order of their paths. What is looked for in it is found there, so that nothing
 * has to be built for the thousands of files that do not change.
 */

/** The index of the first entry whose path is not before this one. */
function firstFrom(files: readonly ManifestEntry[], path: string): number {
  let low = 0;
  let high = files.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const entry = files[middle];
    if (entry !== undefined && entry.path < path) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Finds entries by their paths; for paths that come in order too, each is the next one. */
export function finderIn(files: readonly ManifestEntry[]): (path: string) => ManifestEntry | undefined {
  let next = 0;
  return (path) => {
    if (files[next]?.path !== path) next = firstFrom(files, path);
    const entry = files[next];
    if (entry?.path !== path) return undefined;
    next += 1;
    return entry;
  };
}

/** Whether any of the paths lies below a directory. */
export function isAnyBelow(files: readonly ManifestEntry[], directory: string): boolean {
  const prefix = `${directory}/`;
  return files[firstFrom(files, prefix)]?.path.startsWith(prefix) === true;
}
