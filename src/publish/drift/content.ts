import { createHash, hash } from 'node:crypto';
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { systemCode } from '../../failure/failure.ts';

/** Neither a link nor a pipe leads anywhere, or holds anything up. */
const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
/** Up to this a file is read in one go. */
const small = 256 * 1024;

/**
 * The SHA-256 of a file of this size, in hexadecimal; undefined when it has another size, or cannot be read; `closed` when
 * its mode does not let it be read.
 */
export async function contentDigest(path: string, size: number): Promise<string | undefined> {
  try {
    return size <= small ? digestOfSmall(path, size) : await digestOfLarge(path);
  } catch (error) {
    const code = systemCode(error);
    if (code === undefined) throw error;
    return code === 'EACCES' ? 'closed' : undefined;
  }
}

function digestOfSmall(path: string, size: number): string | undefined {
  // One byte more, to see that there is no more.
  const buffer = Buffer.allocUnsafe(size + 1);
  const file = openSync(path, flags);
  try {
    return readSync(file, buffer, 0, size + 1, 0) === size
      ? hash('sha256', buffer.subarray(0, size))
      : undefined;
  } finally {
    closeSync(file);
  }
}

async function digestOfLarge(path: string): Promise<string> {
  const digest = createHash('sha256');
  await using file = await open(path, flags);
  for await (const chunk of file.createReadStream({ autoClose: false })) digest.update(chunk as Uint8Array);
  return digest.digest('hex');
}
