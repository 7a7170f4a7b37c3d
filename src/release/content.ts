import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { UnsettledError } from '../failure/failure.ts';

/** What an object is to hold: bytes, or a file that was read once already and is read again while it is sent. */
export interface ObjectContent {
  readonly size: number;
  /** 64 hexadecimal digits. */
  readonly sha256: string;
  open(): Buffer | Readable;
}

export function contentOfBytes(bytes: Buffer): ObjectContent {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { size: bytes.byteLength, sha256, open: () => bytes };
}

/** The last bytes are only sent when all of them are those that were read before: half an object is none. */
export function contentOfFile(path: string, size: number, sha256: string): ObjectContent {
  return { size, sha256, open: () => Readable.from(verified(path, size, sha256), { objectMode: false }) };
}

async function* verified(path: string, size: number, sha256: string): AsyncGenerator<Buffer> {
  const hash = createHash('sha256');
  let length = 0;
  let held: Buffer | undefined;
  for await (const bytes of readAgain(path)) {
    length += bytes.byteLength;
    if (length > size) break;
    hash.update(bytes);
    if (held !== undefined) yield held;
    held = bytes;
  }
  if (length !== size || hash.digest('hex') !== sha256) throw changed(path);
  if (held !== undefined) yield held;
}

async function* readAgain(path: string): AsyncGenerator<Buffer> {
  try {
    yield* createReadStream(path) as AsyncIterable<Buffer>;
  } catch (error) {
    throw changed(path, error);
  }
}

function changed(path: string, cause?: unknown): UnsettledError {
  return new UnsettledError({
    problem: `${path} changed while it was being released; the pointer was left alone`,
    cure: 'release a directory that nothing writes to, and try again',
    cause,
  });
}
