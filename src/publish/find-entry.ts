import { lstatSync, type Stats } from 'node:fs';
import { systemCode } from '../failure/failure.ts';

/** What has a name; undefined when nothing has, also because something above it is no directory. */
export function findEntry(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if (systemCode(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}
