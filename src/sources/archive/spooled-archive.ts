import { createHash, randomUUID } from 'node:crypto';
import { type FileHandle, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { RefusedError, systemCode, TargetError } from '../../failure/failure.ts';
import { ensureDirectory } from '../../platform/directory.ts';
import { formatSize } from '../../platform/units.ts';
import type { Entry, FileEntry } from '../../snapshot/entry.ts';
import type { FileSink } from '../../snapshot/file-sink.ts';
import { extractFiles } from './extract.ts';
import { type ArchiveSubject, lost, named } from './fault.ts';
import type { ArchiveFormat } from './format.ts';
import type { ArchiveFile } from './items.ts';
import { type ArchiveListing, type ListOptions, listArchive } from './list.ts';

export interface SpoolOptions {
  readonly subject: ArchiveSubject;
  readonly format: ArchiveFormat;
  /** Private to this program; it is made. */
  readonly directory: string;
  /** Bytes of the archive, where they are known before it comes. */
  readonly size?: number;
  /** A larger archive is refused, while it comes at the latest. */
  readonly maxBytes: number;
  /** 64 hexadecimal digits that its content must have, where they are known. */
  readonly sha256?: string | undefined;
}

const prefix = 'archive-';
const suffix = '.spool';

/**
 * An archive in a private file, as it was made. It is read once to judge and list it, and a second time for the
 * contents that are wanted; nothing is unpacked anywhere else. The file goes on disposal.
 */
export class SpooledArchive implements AsyncDisposable {
  readonly #archive: ArchiveFile;
  #listing: ArchiveListing | undefined;

  private constructor(archive: ArchiveFile) {
    this.#archive = archive;
  }

  /** Reads the body to its end. Its own failures pass; nothing stays on disk after one. */
  static async take(
    body: AsyncIterable<Uint8Array>,
    options: SpoolOptions,
    signal: AbortSignal,
  ): Promise<SpooledArchive> {
    const { directory, format, subject, size = 0, maxBytes } = options;
    if (size > maxBytes) throw tooLarge(subject, maxBytes);
    const path = join(directory, `${prefix}${randomUUID()}${suffix}`);
    await onSpool(ensureDirectory(directory, 0o700));
    try {
      await using file = await onSpool(open(path, 'wx', 0o600));
      await copy(body, file, options, signal);
    } catch (error) {
      await rm(path, { force: true }).catch(() => undefined);
      throw error;
    }
    return new SpooledArchive({ path, format, subject });
  }

  /** Rejects with `RefusedError` that names archive, entry and rule. */
  async entries(options: ListOptions, signal: AbortSignal): Promise<readonly Entry[]> {
    this.#listing = await listArchive(this.#archive, options, signal);
    return this.#listing.entries;
  }

  /** Writes the contents of these of its entries, each once. */
  async write(files: readonly FileEntry[], sink: FileSink, signal: AbortSignal): Promise<void> {
    if (files.length === 0) return;
    const { subject } = this.#archive;
    if (this.#listing === undefined) throw lost(new Error('it was not listed'), subject);
    await extractFiles(this.#archive, this.#listing, files, sink, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // What cannot be removed now is removed at the next start.
    await rm(this.#archive.path, { force: true }).catch(() => undefined);
  }
}

/** Removes what a killed run left. Not for a directory in which another run is at work. */
export async function removeSpoolLeftovers(directory: string): Promise<void> {
  const names = await readdir(directory).catch(() => []);
  for (const name of names) {
    if (name.startsWith(prefix) && name.endsWith(suffix)) {
      await rm(join(directory, name), { force: true }).catch(() => undefined);
    }
  }
}

async function copy(
  body: AsyncIterable<Uint8Array>,
  file: FileHandle,
  { maxBytes, sha256, subject }: SpoolOptions,
  signal: AbortSignal,
): Promise<void> {
  const digest = sha256 === undefined ? undefined : createHash('sha256');
  let size = 0;
  for await (const chunk of body) {
    signal.throwIfAborted();
    size += chunk.byteLength;
    if (size > maxBytes) throw tooLarge(subject, maxBytes);
    digest?.update(chunk);
    for (let offset = 0; offset < chunk.byteLength; ) {
      offset += (await onSpool(file.write(chunk, offset))).bytesWritten;
    }
  }
  const found = digest?.digest('hex');
  if (found !== sha256?.toLowerCase()) {
    throw new RefusedError({
      setting: subject.setting,
      problem: `${named(subject)} has the SHA-256 ${found}, where ${sha256} was expected`,
      cure: 'release the set again: an archive that a release names must not be replaced',
    });
  }
}

function tooLarge(subject: ArchiveSubject, maxBytes: number): RefusedError {
  return new RefusedError({
    setting: 'WHERRY_MAX_BYTES',
    problem: `${named(subject)} is larger than ${formatSize(maxBytes)}`,
    cure: 'put less into it, or raise the limit',
  });
}

/** An error of the state directory's file system is the target volume's. */
async function onSpool<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw new TargetError({
      setting: 'WHERRY_STATE_DIR',
      problem: `the archive cannot be kept there: ${systemCode(error) ?? String(error)}`,
      cure: 'make the volume writable and give it room for the archive',
      cause: error,
    });
  }
}
