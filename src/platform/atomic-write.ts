import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fsyncPath } from './flush.ts';

/** Replaces a file as a whole: temporary file, fsync, rename, fsync of the directory. */
export async function writeAtomically(path: string, content: string, mode: number): Promise<void> {
  const temporary = `${path}.tmp`;
  try {
    await rm(temporary, { force: true });
    {
      await using handle = await open(temporary, 'wx', mode);
      await handle.writeFile(content);
      await handle.sync();
    }
    await rename(temporary, path);
    await fsyncPath(dirname(path));
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
}
