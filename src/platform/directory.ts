import { mkdir, stat } from 'node:fs/promises';

/**
 * Makes a directory, and its parents, unless it is there. Node's own recursive `mkdir` answers ENOENT on a read-only
 * volume; this one lets the real error through.
 */
export async function ensureDirectory(path: string, mode: number): Promise<void> {
  try {
    await mkdir(path, { mode });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT') await mkdir(path, { recursive: true, mode });
    else if (!(await isDirectory(path))) throw error;
  }
}

async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
