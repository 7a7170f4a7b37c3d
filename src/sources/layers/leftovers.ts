import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Removes what layers left that are there no more, such as clones. What cannot be removed now is tried at the next start. */
export async function removeLeftovers(directory: string, layers: readonly string[]): Promise<void> {
  const names = await readdir(directory).catch(() => []);
  const stale = names.filter((name) => !layers.includes(name));
  const removed = stale.map((name) => rm(join(directory, name), { recursive: true, force: true }));
  await Promise.allSettled(removed);
}
