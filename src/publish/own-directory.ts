import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { systemCode } from '../failure/failure.ts';

/**
 * Whether a path below the target leads to a directory through directories alone. Behind a link that somebody gave one of
 * Wherry's names, nothing is Wherry's to write or to remove.
 */
export function isOwnDirectory(target: string, path: string): boolean {
  let place = target;
  for (const element of path.split('/')) {
    place = join(place, element);
    if (!isDirectory(place)) return false;
  }
  return true;
}

function isDirectory(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  } catch (error) {
    if (systemCode(error) === 'ENOTDIR') return false;
    throw error;
  }
}
