import { createHash, hash } from 'node:crypto';
import { contentFingerprint } from '../../snapshot/content-fingerprint.ts';
import type { FileEntry } from '../../snapshot/entry.ts';
import type { FileSink } from '../../snapshot/file-sink.ts';
import { entryName } from './entry-name.ts';
import { ArchiveFault, retrying, shown } from './fault.ts';
import type { FileItem } from './item.ts';
import { type ArchiveFile, itemsOf, withoutLimits } from './items.ts';
import { type ArchiveListing, wholeUpTo } from './list.ts';

/**
 * Writes the contents of these files of a listing, each once, no faster than the sink takes them. Each is checked
 * against the listing's digest, for the archive may have been changed on disk since.
 */
export async function extractFiles(
  archive: ArchiveFile,
  listing: Pick<ArchiveListing, 'contentOf'>,
  files: readonly FileEntry[],
  sink: FileSink,
  signal: AbortSignal,
): Promise<void> {
  const wanted = Map.groupBy(files, ({ path }) => listing.contentOf.get(path) ?? (path as string));
  try {
    // Once, unless a large file has hard links.
    while (wanted.size > 0) await extractOnce(archive, wanted, sink, signal);
  } catch (error) {
    throw retrying(error, archive.subject);
  }
}

async function extractOnce(
  archive: ArchiveFile,
  wanted: Map<string, FileEntry[]>,
  sink: FileSink,
  signal: AbortSignal,
): Promise<void> {
  const missing = new Set(wanted.keys());
  for await (const item of itemsOf(archive, withoutLimits(), signal)) {
    signal.throwIfAborted();
    const { text } = entryName(item.name);
    const files = wanted.get(text);
    if (files === undefined || item.kind !== 'file') continue;
    const left = await putEach(files, item, sink);
    if (left.length === 0) wanted.delete(text);
    else wanted.set(text, left);
    missing.delete(text);
    if (missing.size === 0) return;
  }
  throw new ArchiveFault(`lacks the entry ${shown([...missing][0] ?? '')}`);
}

/** Gives back the files that another reading must serve. */
async function putEach(
  [first, ...others]: readonly FileEntry[],
  { content, size }: FileItem,
  sink: FileSink,
): Promise<FileEntry[]> {
  if (first === undefined) return [];
  if (size > wholeUpTo) {
    await sink.put(first, checked(first, content));
    return others;
  }
  const pieces: Buffer[] = [];
  for await (const piece of content) pieces.push(piece);
  // A copy of its own: the pieces are views of larger buffers.
  const whole = Buffer.concat(pieces);
  if (contentFingerprint(hash('sha256', whole)) !== first.fingerprint) throw changed(first);
  for (const file of [first, ...others]) await sink.put(file, whole);
  return [];
}

async function* checked(file: FileEntry, content: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, void> {
  const digest = createHash('sha256');
  for await (const piece of content) {
    digest.update(piece);
    yield piece;
  }
  if (contentFingerprint(digest.digest('hex')) !== file.fingerprint) throw changed(file);
}

function changed({ path }: FileEntry): ArchiveFault {
  return new ArchiveFault(`has another content in ${shown(path)} than before`);
}
