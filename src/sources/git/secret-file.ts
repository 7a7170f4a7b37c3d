import { access, constants, type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { lazyCrypto } from '../../platform/lazy-crypto.ts';

/** A text that a program insists on reading from a path. It is gone on disposal. */
export interface SecretFile extends AsyncDisposable {
  readonly path: string;
}

const memory = '/dev/shm';

/**
 * The file is unlinked before it is used: children open it through this process's descriptor, by `/proc`, so that
 * even a kill leaves nothing behind. Without `/proc` it is a private file until disposal.
 */
export async function secretFile(text: string, fallbackDirectory: string): Promise<SecretFile> {
  const directory = (await isWritable(memory)) ? memory : fallbackDirectory;
  const path = join(directory, `.wherry-${lazyCrypto().randomUUID()}`);
  const handle = await open(path, 'wx+', 0o600);
  try {
    const viaProc = `/proc/${process.pid}/fd/${handle.fd}`;
    const unlinked = await isReadable(viaProc);
    if (unlinked) await rm(path);
    await handle.writeFile(text.endsWith('\n') ? text : `${text}\n`);
    return {
      path: unlinked ? viaProc : path,
      [Symbol.asyncDispose]: () => discard(handle, unlinked ? undefined : path),
    };
  } catch (error) {
    await discard(handle, path);
    throw error;
  }
}

async function discard(handle: FileHandle, path: string | undefined): Promise<void> {
  await handle.close();
  if (path !== undefined) await rm(path, { force: true });
}

async function isWritable(directory: string): Promise<boolean> {
  return access(directory, constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
}

async function isReadable(path: string): Promise<boolean> {
  return access(path, constants.R_OK).then(
    () => true,
    () => false,
  );
}
