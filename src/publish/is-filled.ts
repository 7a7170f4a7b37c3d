import { lstatSync, readdirSync } from 'node:fs';
import { systemCode } from '../failure/failure.ts';

/** Whether a path is a directory that holds something; one that a link leads to is none. */
export function isFilled(path: string): boolean {
  try {
    const found = lstatSync(path, { throwIfNoEntry: false });
    return found?.isDirectory() === true && readdirSync(path).length > 0;
  } catch (error) {
    // Whatever else is wrong there is found by who wants to change it.
    if (systemCode(error) === undefined) throw error;
    return false;
  }
}
