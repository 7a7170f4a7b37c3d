import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fsync } from 'node:fs';
import { open } from 'node:fs/promises';
import { promisify } from 'node:util';
import { Lanes } from './lanes.ts';

/** From so many files on, one `syncfs` of the volume costs less than an fsync of each. */
export const manyFiles = 256;

/** Makes the content of an open file survive a power cut. */
export const flushFile: (descriptor: number) => Promise<void> = promisify(fsync);

/** Makes a file's content, or a directory's entries, survive a power cut. */
export async function fsyncPath(path: string): Promise<void> {
  await using handle = await open(path, 'r');
  await handle.sync();
}

/** The same for many paths that lie on one volume, in parallel; for very many by one call for the volume. */
export async function fsyncAll(paths: readonly string[], volume: string): Promise<void> {
  if (paths.length >= manyFiles && (await syncVolume(volume))) return;
  const lanes = new Lanes(16);
  for (const path of paths) await lanes.enter(() => fsyncPath(path));
  await lanes.idle();
}

/** `sync -f` of the coreutils is `syncfs(2)`, which Node does not offer. False where there is no such program. */
async function syncVolume(volume: string): Promise<boolean> {
  const child = spawn('sync', ['-f', volume], { stdio: 'ignore', env: {} });
  try {
    const [code] = (await once(child, 'close')) as [number | null];
    return code === 0;
  } catch {
    return false;
  }
}
