import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../../failure/failure.ts';
import type { FileEntry } from '../../snapshot/entry.ts';
import type { FileSink } from '../../snapshot/file-sink.ts';
import { gone, unreadable } from './failures.ts';
import type { FoundFile } from './listing.ts';
import { fileState } from './walk.ts';

/** A larger file is streamed. */
const wholeUpTo = 256 * 1024;

/** Writes the contents of files as they were listed; one that is another since is an `UnsettledError`. */
export async function copyFiles(
  files: readonly FileEntry[],
  { root, found }: { readonly root: string; readonly found: ReadonlyMap<string, FoundFile> },
  sink: FileSink,
  signal: AbortSignal,
): Promise<void> {
  for (const file of files) {
    signal.throwIfAborted();
    const path = join(root, file.path);
    await using handle = await openAs(path, found.get(file.path));
    const { size } = await handle.stat();
    const content = size <= wholeUpTo ? await readWhole(handle, path) : stream(handle, path, signal);
    // Whoever gave it up meanwhile has no place for it any more.
    signal.throwIfAborted();
    await sink.put(file, content);
  }
}

async function openAs(path: string, listed: FoundFile | undefined): Promise<FileHandle> {
  let handle: FileHandle;
  try {
    // Whatever took its place: a pipe must not be waited for, nor a link be followed.
    handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    throw ['ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO'].includes(systemCode(error) ?? '')
      ? gone(path)
      : unreadable(path, error);
  }
  try {
    const stats = await handle.stat();
    if (stats.isFile() && fileState(stats).mark === listed?.mark) return handle;
  } catch (error) {
    await handle.close();
    throw unreadable(path, error);
  }
  await handle.close();
  throw gone(path);
}

async function readWhole(handle: FileHandle, path: string): Promise<Uint8Array> {
  try {
    return await handle.readFile();
  } catch (error) {
    throw unreadable(path, error);
  }
}

async function* stream(handle: FileHandle, path: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  // A stream that gets an aborted signal emits an error that nobody hears yet, which would end the process.
  signal.throwIfAborted();
  try {
    yield* handle.createReadStream({ autoClose: false, signal }) as AsyncIterable<Uint8Array>;
  } catch (error) {
    signal.throwIfAborted();
    throw unreadable(path, error);
  }
}
