import yauzl, { type Entry, type ZipFile } from 'yauzl';
import { type Budget, checkRatio } from '../budget.ts';
import { ArchiveFault, SpoolError, shown } from '../fault.ts';
import type { ListedEntry, ZipEntry } from './zip-entry.ts';
import type { ZipFileReader } from './zip-file.ts';
import { locate } from './zip-local-headers.ts';
import { isFromUnix, nameOf } from './zip-name.ts';

const longestName = 4096;
const dosDirectory = 0x10;

/**
 * Reads the central directory and every entry's own header before any content: sizes are known then, and no two
 * entries share bytes. The entries come in the order of their contents.
 */
export async function readDirectory(
  reader: ZipFileReader,
  size: number,
  budget: Budget,
): Promise<ZipEntry[]> {
  try {
    const zip = await yauzl.fromRandomAccessReaderPromise(reader, size, {
      autoClose: false,
      decodeStrings: false,
    });
    // What the iteration throws is also emitted.
    zip.on('error', () => undefined);
    const entries = await listed(zip, budget);
    await checkCount(zip, reader);
    return await locate(zip, entries, size);
  } catch (error) {
    if (error instanceof ArchiveFault || error instanceof SpoolError) throw error;
    // What yauzl finds is the archive's fault.
    const reason = error instanceof Error ? error.message : String(error);
    throw new ArchiveFault(`is damaged, or not of a kind that is read: ${reason}`, { cause: error });
  }
}

async function listed(zip: ZipFile, budget: Budget): Promise<Map<Entry, ListedEntry>> {
  const entries = new Map<Entry, ListedEntry>();
  let unpacked = 0;
  let packed = 0;
  for await (const entry of zip.eachEntry()) {
    if (entry.fileNameLength > longestName) throw new ArchiveFault('has a name of more than 4096 bytes');
    const name = Buffer.from(nameOf(entry));
    budget.entry(name);
    unpacked += entry.uncompressedSize;
    packed += entry.compressedSize;
    checkRatio(unpacked, packed);
    entries.set(slim(entry), {
      name,
      mode: isFromUnix(entry) ? entry.externalFileAttributes >>> 16 : undefined,
      isDirectory: name.at(-1) === 0x2f || (!isFromUnix(entry) && isDosDirectory(entry)),
      method: methodOf(entry, name),
      crc32: entry.crc32,
      size: entry.uncompressedSize,
      packedSize: entry.compressedSize,
    });
  }
  return entries;
}

const entryMark = Buffer.from('PK\x01\x02');

/** A count has 16 bits, and not every program that packs more entries writes zip64: the rest would be left out. */
async function checkCount({ entryCount, readEntryCursor }: ZipFile, reader: ZipFileReader): Promise<void> {
  // It is a position, whatever its type says.
  const next = await reader.bytes(Number(readEntryCursor), entryMark.byteLength);
  if (!next.equals(entryMark)) return;
  throw new ArchiveFault(`says that it has ${entryCount} entries, and has more`, {
    cure: 'make it with a program that knows zip64, or as a .tar.gz',
  });
}

/** Lets go of comments and extra fields, which may have 64 KiB each. */
function slim(entry: Entry): Entry {
  const nothing = Buffer.alloc(0);
  return Object.assign(entry, {
    fileName: '',
    fileNameRaw: Buffer.from(entry.fileNameRaw),
    extraFields: [],
    extraFieldRaw: nothing,
    comment: '',
    fileComment: '',
    fileCommentRaw: nothing,
  });
}

function methodOf(entry: Entry, name: Buffer): ListedEntry['method'] {
  if (entry.isEncrypted()) {
    throw new ArchiveFault(`has the encrypted entry ${shown(name)}`, { cure: 'make it without a password' });
  }
  if (entry.compressionMethod === 0) return 'stored';
  if (entry.compressionMethod === 8) return 'deflated';
  throw new ArchiveFault(
    `has the entry ${shown(name)} in the compression method ${entry.compressionMethod}, which is not read`,
    { cure: 'make it with stored or deflated entries, as zip does unless told otherwise' },
  );
}

function isDosDirectory({ externalFileAttributes }: Entry): boolean {
  return (externalFileAttributes & dosDirectory) !== 0;
}
