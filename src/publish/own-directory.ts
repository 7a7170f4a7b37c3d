import { join } from 'node:path';
import { findEntry } from './find-entry.ts';

/**
 * Whether a path below the target leads to a directory through directories alone. Behind a link that somebody gave one of
 * Wherry's names, nothing is Wherry's to write or to remove.
 */
export function isOwnDirectory(target: string, path: string): boolean {
  let place = target;
  for (const element of path.split('/')) {
    place = join(place, element);
    if (findEntry(place)?.isDirectory() !== true) return false;
  }
  return true;
}
