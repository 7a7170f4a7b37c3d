import { closeSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { flushFile, fsyncPath } from './flush.ts';

/**
 * Replaces a small file as a whole: temporary file, fsync, rename, fsync of the directory. Only what waits for a disk is left
 * to the thread pool: a turn of it takes longer than all else here.
 */
export async function writeAtomically(path: string, content: string, mode: number): Promise<void> {
  const temporary = `${path}.tmp`;
  try {
    rmSync(temporary, { force: true });
    const file = openSync(temporary, 'wx', mode);
    try {
      writeFileSync(file, content);
      await flushFile(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
    await fsyncPath(dirname(path));
  } catch (error) {
    removeQuietly(temporary);
    throw error;
  }
}

function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // The next one tries again, and says what is wrong.
  }
}
