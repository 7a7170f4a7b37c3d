import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { RefusedError } from '../failure/failure.ts';
import { Lanes } from '../platform/lanes.ts';
import { formatSize } from '../platform/units.ts';
import { type LocalFile, type LocalSet, readable } from './directory.ts';

/** What a file holds. */
export interface Hashed extends LocalFile {
  readonly size: number;
  readonly sha256: string;
}

/** What S3 takes in one piece. */
const largestObject = 5 * 1024 ** 3;
const parallel = 8;

/** Reads every file once. */
export async function hashFiles(
  entries: LocalSet['entries'],
  maxBytes: number,
  signal: AbortSignal,
): Promise<readonly Hashed[]> {
  const lanes = new Lanes(parallel);
  const hashed: Hashed[] = [];
  let bytes = 0;
  for (const file of entries) {
    if (file.kind !== 'file') continue;
    await lanes.enter(async () => {
      const found = await readable(hashFile(file, signal), file.place);
      bytes += found.size;
      if (found.size > largestObject) throw tooLarge(file);
      hashed.push(found);
    });
  }
  await lanes.idle();
  if (bytes > maxBytes) throw tooMany(bytes, maxBytes);
  return hashed;
}

async function hashFile(file: LocalFile, signal: AbortSignal): Promise<Hashed> {
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of createReadStream(file.place, { signal })) {
    hash.update(chunk as Buffer);
    size += (chunk as Buffer).byteLength;
  }
  return { ...file, size, sha256: hash.digest('hex') };
}

function tooLarge({ path }: LocalFile): RefusedError {
  return new RefusedError({
    problem: `${JSON.stringify(path)} is larger than ${formatSize(largestObject)}, the most that S3 takes in one piece`,
    cure: 'leave it out with --exclude, or split it',
  });
}

function tooMany(bytes: number, maxBytes: number): RefusedError {
  return new RefusedError({
    setting: 'WHERRY_MAX_BYTES',
    problem: `the directory has ${bytes} bytes, more than the ${formatSize(maxBytes)} that readers take`,
    cure: 'leave files out with --exclude, or raise the limit here and for the readers',
  });
}
