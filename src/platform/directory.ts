import { statSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemCode } from '../failure/failure.ts';

/**
 * Makes a directory, and its parents, unless it is there. Node's own recursive `mkdir` answers ENOENT on a read-only
 * volume, and tries for ever where a file system answers so itself; this one lets the real error through.
 */
export async function ensureDirectory(path: string, mode: number): Promise<void> {
  if (isDirectory(path)) return;
  try {
    await makeOne(path, mode);
  } catch (error) {
    const parent = dirname(path);
    if (systemCode(error) !== 'ENOENT' || parent === path) throw error;
    // Somebody else may have made it by now, and may make the directory itself.
    if (!isDirectory(parent)) await ensureDirectory(parent, mode);
    await makeOne(path, mode);
  }
}

async function makeOne(path: string, mode: number): Promise<void> {
  try {
    await mkdir(path, { mode });
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
