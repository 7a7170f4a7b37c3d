import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { systemCode } from '../failure/failure.ts';

/**
 * What `ensureDirectory` does, without the thread pool, and in a file of its own: what starts early loads this alone. Of
 * Node's own recursive `mkdirSync` nothing would be heard again where a file system answers ENOENT below a directory that
 * is there, as in a mount whose directory was removed.
 */
export function ensureDirectoryNow(path: string, mode: number): void {
  if (isDirectory(path)) return;
  try {
    makeOne(path, mode);
  } catch (error) {
    const parent = dirname(path);
    if (systemCode(error) !== 'ENOENT' || parent === path) throw error;
    if (!isDirectory(parent)) ensureDirectoryNow(parent, mode);
    makeOne(path, mode);
  }
}

function makeOne(path: string, mode: number): void {
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    if (!isDirectory(path)) throw error;
  }
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  } catch {
    return false;
  }
}
