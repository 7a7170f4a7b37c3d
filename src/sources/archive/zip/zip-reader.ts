import { open } from 'node:fs/promises';
import type { Budget } from '../budget.ts';
import { ArchiveFault, SpoolError, shown } from '../fault.ts';
import { type ArchiveItem, type ItemKind, isExecutable } from '../item.ts';
import { zipContent } from './zip-content.ts';
import { readDirectory } from './zip-directory.ts';
import type { ZipEntry } from './zip-entry.ts';
import { ZipFileReader } from './zip-file.ts';

/** A link's text is a path. */
const longestTarget = 4096;

const formatBits = 0o170_000;
const specials = new Map([
  [0o020_000, 'a character device'],
  [0o060_000, 'a block device'],
  [0o010_000, 'a FIFO'],
  [0o140_000, 'a socket'],
]);

/** The entries of a zip, in the order of their contents; programs of every system, zip64 too. */
export async function* readZip(
  path: string,
  budget: Budget,
  signal: AbortSignal,
): AsyncGenerator<ArchiveItem, void, void> {
  await using handle = await open(path, 'r').catch((error: unknown) => {
    throw new SpoolError(error);
  });
  const { size } = await handle.stat();
  const reader = new ZipFileReader(handle, size);
  for (const entry of await readDirectory(reader, size, budget)) {
    signal.throwIfAborted();
    yield { name: entry.name, ...kindOf(entry, reader, signal) };
  }
}

function kindOf(entry: ZipEntry, reader: ZipFileReader, signal: AbortSignal): ItemKind {
  const { name, mode, isDirectory, size } = entry;
  const format = (mode ?? 0) & formatBits;
  if (isDirectory || format === 0o040_000) {
    if (size > 0) throw new ArchiveFault(`has the directory ${shown(name)} with content`);
    return { kind: 'directory' };
  }
  const content = zipContent(reader, entry, signal);
  if (format === 0o120_000) return { kind: 'link', target: () => linkText(entry, content) };
  if (format !== 0 && format !== 0o100_000) {
    return { kind: 'special', what: specials.get(format) ?? 'of an unknown type' };
  }
  return { kind: 'file', executable: isExecutable(mode ?? 0), size, content, canBeLinked: false };
}

async function linkText({ name, size }: ZipEntry, content: AsyncIterable<Buffer>): Promise<Buffer> {
  if (size > longestTarget)
    throw new ArchiveFault(`has the symbolic link ${shown(name)} to a very long path`);
  const pieces: Buffer[] = [];
  for await (const piece of content) pieces.push(piece);
  return Buffer.concat(pieces);
}
