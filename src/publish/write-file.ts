import { createHash, hash } from 'node:crypto';
import { closeSync, constants, openSync, writeFileSync, writeSync } from 'node:fs';
import { type FileHandle, open, writeFile } from 'node:fs/promises';
import { RefusedError } from '../failure/failure.ts';
import { flushFile } from '../platform/flush.ts';
import type { Pace } from '../platform/pace.ts';
import type { ManifestFile } from './manifest.ts';
import { onTarget } from './target-errors.ts';

/*
 * How one new file of a set comes to be: made with the mode that it keeps, never written over something that is there,
 * and hashed on the way.
 */

/** Neither follows a link nor waits for who writes into a pipe. */
const readsNoOther = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

export interface Writing {
  readonly mode: number;
  /** Whether it is durable when it is written. */
  readonly flush: boolean;
}

export interface Written {
  readonly size: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

/** In one synchronous call, which leaves the content to the system's cache. */
export function writeAtOnce(path: string, content: Uint8Array, mode: number): Written {
  writeFileSync(path, content, { flag: 'wx', mode });
  return writtenOf(content);
}

/** The same, and then waits until the disk has it: of all that one file needs, only that takes time. */
export async function writeThrough(
  path: string,
  content: Uint8Array,
  mode: number,
  pace: Pace,
): Promise<Written> {
  const write = async () => {
    const file = await pace.act(() => openWritten(path, content, mode));
    try {
      await flushFile(file);
    } finally {
      closeSync(file);
    }
  };
  await onTarget(write());
  return writtenOf(content);
}

/** The descriptor of a new file that holds the content. */
function openWritten(path: string, content: Uint8Array, mode: number): number {
  const file = openSync(path, 'wx', mode);
  try {
    for (let offset = 0; offset < content.byteLength; ) offset += writeSync(file, content, offset);
  } catch (error) {
    closeSync(file);
    throw error;
  }
  return file;
}

export async function writeWhole(path: string, content: Uint8Array, writing: Writing): Promise<Written> {
  await onTarget(writeFile(path, content, { flag: 'wx', ...writing }));
  return writtenOf(content);
}

/** `onBytes` hears how many more there are before they are written, and may throw. */
export async function writeStream(
  path: string,
  content: AsyncIterable<Uint8Array>,
  { mode, flush, onBytes }: Writing & { readonly onBytes: (bytes: number) => void },
): Promise<Written> {
  const digest = createHash('sha256');
  let size = 0;
  await using file = await onTarget(open(path, 'wx', mode));
  for await (const chunk of content) {
    onBytes(chunk.byteLength);
    size += chunk.byteLength;
    digest.update(chunk);
    await onTarget(writeAll(file, chunk));
  }
  if (flush) await onTarget(file.sync());
  return { size, sha256: digest.digest('hex') };
}

/** Copies a published file; throws `RefusedError` when that is not what was published. */
export async function copyChecked(
  from: string,
  to: string,
  { mode, size, sha256 }: ManifestFile,
  flush: boolean,
): Promise<void> {
  await using source = await onTarget(open(from, readsNoOther));
  const stat = await onTarget(source.stat());
  if (!stat.isFile() || stat.size !== size) throw changed(from);
  const content: AsyncIterable<Uint8Array> = source.createReadStream({ autoClose: false });
  const writing = { mode: Number.parseInt(mode, 8), flush, onBytes: () => undefined };
  const written = await writeStream(to, content, writing);
  if (written.sha256 !== sha256) throw changed(from);
}

function changed(path: string): RefusedError {
  return new RefusedError({
    problem: `${path} was changed by something else since it was published`,
    cure: 'push the change that brings the wanted set',
  });
}

function writtenOf(content: Uint8Array): Written {
  return { size: content.byteLength, sha256: hash('sha256', content) };
}

async function writeAll(file: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let offset = 0; offset < chunk.byteLength; ) {
    const { bytesWritten } = await file.write(chunk, offset);
    offset += bytesWritten;
  }
}
