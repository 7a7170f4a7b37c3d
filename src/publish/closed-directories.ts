import { constants, lstatSync } from 'node:fs';
import { type FileHandle, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../failure/failure.ts';

/*
 * `WHERRY_DIR_MODE` may take the owner's right to write: then nobody but the superuser changes a published directory by
 * accident, Wherry included. What must change one opens it for its owner, and closes it again. Nobody else gains a
 * right at any time, and the group's inheritance (setgid), which an fsGroup puts on a volume, stays.
 */

const ownerWrites = 0o300;
const permissions = 0o777;

/** The mode of a directory of the set while it is filled: what it will have, and the right of its owner to do that. */
export function fillingMode(dirMode: number): number {
  return dirMode | ownerWrites;
}

/** Lets the owner write into a directory. Does nothing for one that is open. */
export async function openDirectory(path: string): Promise<void> {
  await setMode(path, fillingMode);
}

/** Gives a directory its final mode. Does nothing for one that has it. */
export async function closeDirectory(path: string, dirMode: number): Promise<void> {
  await setMode(path, () => dirMode);
}

/**
 * Changes entries of a directory that may be closed, and leaves it with its final mode, whatever happens. Two at once
 * for the same directory would close it for each other.
 */
export async function insideDirectory<T>(path: string, dirMode: number, act: () => Promise<T>): Promise<T> {
  if (fillingMode(dirMode) === dirMode) return act();
  await openDirectory(path);
  try {
    return await act();
  } finally {
    await closeDirectory(path, dirMode).catch((error: unknown) => {
      // It may be gone by now: that is the act's business.
      if (systemCode(error) !== 'ENOENT') throw error;
    });
  }
}

/** Removes a file or a whole tree, closed directories too. One that is not there is no error. */
export async function removeTree(path: string): Promise<void> {
  if (isAbsent(path)) return;
  try {
    await rm(path, { recursive: true, force: true });
  } catch (error) {
    if (!['EACCES', 'EPERM'].includes(systemCode(error) ?? '')) throw error;
    await openTree(path);
    await rm(path, { recursive: true, force: true });
  }
}

/** Mostly nothing is there, which one look tells: `rm` takes two turns of the thread pool for that. */
function isAbsent(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) === undefined;
  } catch {
    return false;
  }
}

/** Opens every directory of a tree. A removal may be at work on parts of it: what that takes is not to be opened. */
export async function openTree(path: string): Promise<void> {
  try {
    await openDirectory(path);
    for (const entry of await readdir(path, { withFileTypes: true })) {
      if (entry.isDirectory()) await openTree(join(path, entry.name));
    }
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
  }
}

/** Through a handle, so that a link in the place of the directory leads nowhere. */
async function setMode(path: string, modeOf: (now: number) => number): Promise<void> {
  await using directory: FileHandle = await open(
    path,
    constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW,
  );
  const { mode } = await directory.stat();
  const wanted = modeOf(mode & permissions);
  if (wanted !== (mode & permissions)) await directory.chmod((mode & 0o7000) | wanted);
}
