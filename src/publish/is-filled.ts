import { lstatSync, readdirSync } from 'node:fs';
import { systemCode } from '../failure/failure.ts';

/** Whether a path is a directory that holds something, as far as one can see; one that a link leads to is none. */
export function isFilled(path: string): boolean {
  try {
    const found = lstatSync(path, { throwIfNoEntry: false });
    return found?.isDirectory() === true && readdirSync(path).length > 0;
  } catch (error) {
    const code = systemCode(error);
    if (code === undefined) throw error;
    // What cannot be looked into may hold anything.
    return code !== 'ENOENT' && code !== 'ENOTDIR';
  }
}
