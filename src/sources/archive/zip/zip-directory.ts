import yauzl, { type Entry, type LocalFileHeader, type ZipFile } from 'yauzl';
import { type Budget, checkRatio } from '../budget.ts';
import { ArchiveFault, SpoolError, shown } from '../fault.ts';
import type { ZipFileReader } from './zip-file.ts';
import { isFromUnix, nameOf } from './zip-name.ts';

/** What is kept of an entry of the central directory. */
export interface ZipEntry {
  readonly name: Buffer;
  /** Undefined when the program that made it knew no modes. */
  readonly mode: number | undefined;
  readonly isDirectory: boolean;
  readonly method: 'stored' | 'deflated';
  readonly crc32: number;
  readonly size: number;
  readonly packedSize: number;
  readonly dataStart: number;
}

const longestName = 4096;
const dosDirectory = 0x10;
const encrypted = 0x1;
const sizesFollow = 0x8;
const inZip64 = 0xffff_ffff;

/**
 * Reads the central directory and every entry's own header, which must agree, before any content: sizes are known,
 * and no two entries share bytes, as a bomb's do.
 */
export async function readDirectory(
  reader: ZipFileReader,
  size: number,
  budget: Budget,
): Promise<ZipEntry[]> {
  const zip = await yauzl
    .fromRandomAccessReaderPromise(reader, size, { autoClose: false, decodeStrings: false })
    .catch(faulty);
  // One that was thrown to the iteration is also emitted.
  zip.on('error', () => undefined);
  const entries: ZipEntry[] = [];
  const extents: Extent[] = [];
  let unpacked = 0;
  let packed = 0;
  for await (const entry of faultyEach(zip)) {
    if (entry.fileNameLength > longestName) throw new ArchiveFault('has a name of more than 4096 bytes');
    const name = Buffer.from(nameOf(entry));
    budget.entry(name);
    unpacked += entry.uncompressedSize;
    packed += entry.compressedSize;
    checkRatio(unpacked, packed);
    const method = methodOf(entry, name);
    const header = await zip.readLocalFileHeaderPromise(entry).catch(faulty);
    checkAgreement(entry, header, name);
    const dataStart = header.fileDataStart;
    extents.push({ name, start: entry.relativeOffsetOfLocalHeader, end: dataStart + entry.compressedSize });
    entries.push({
      name,
      mode: isFromUnix(entry) ? entry.externalFileAttributes >>> 16 : undefined,
      isDirectory: name.at(-1) === 0x2f || (!isFromUnix(entry) && isDosDirectory(entry)),
      method,
      crc32: entry.crc32,
      size: entry.uncompressedSize,
      packedSize: entry.compressedSize,
      dataStart,
    });
  }
  checkOverlaps(extents, size);
  return entries;
}

interface Extent {
  readonly name: Buffer;
  readonly start: number;
  readonly end: number;
}

async function* faultyEach(zip: ZipFile): AsyncGenerator<Entry, void, void> {
  try {
    yield* zip.eachEntry();
  } catch (error) {
    faulty(error);
  }
}

/** What yauzl finds is the archive's fault. */
function faulty(error: unknown): never {
  if (error instanceof ArchiveFault || error instanceof SpoolError) throw error;
  const reason = error instanceof Error ? error.message : String(error);
  throw new ArchiveFault(`is damaged, or not of a kind that is read: ${reason}`, { cause: error });
}

function methodOf(entry: Entry, name: Buffer): ZipEntry['method'] {
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

/** Of two headers that disagree, programs read one or the other. */
function checkAgreement(entry: Entry, local: LocalFileHeader, name: Buffer): void {
  const flags = local.generalPurposeBitFlag;
  const isSame =
    local.fileName.equals(entry.fileNameRaw) &&
    local.compressionMethod === entry.compressionMethod &&
    (flags & encrypted) === 0;
  const hasSameSizes =
    (flags & sizesFollow) !== 0 ||
    (local.crc32 === entry.crc32 &&
      [inZip64, entry.compressedSize].includes(local.compressedSize) &&
      [inZip64, entry.uncompressedSize].includes(local.uncompressedSize));
  if (!isSame || !hasSameSizes) {
    throw new ArchiveFault(`has two headers of the entry ${shown(name)} that disagree`);
  }
}

function checkOverlaps(extents: readonly Extent[], size: number): void {
  let free = 0;
  for (const { name, start, end } of extents.toSorted((one, other) => one.start - other.start)) {
    if (end > size) throw new ArchiveFault(`is cut short: the entry ${shown(name)} ends beyond it`);
    if (start < free) {
      throw new ArchiveFault(
        `has the entry ${shown(name)} over another's content, as a decompression bomb does`,
      );
    }
    free = end;
  }
}

function isDosDirectory({ externalFileAttributes }: Entry): boolean {
  return (externalFileAttributes & dosDirectory) !== 0;
}
