import type { Entry, LocalFileHeader, ZipFile } from 'yauzl';
import { ArchiveFault, shown } from '../fault.ts';
import type { ListedEntry, ZipEntry } from './zip-entry.ts';

const encrypted = 0x1;
const sizesFollow = 0x8;
/** In the place of a size that an extra field has. */
const inZip64 = 0xffff_ffff;

/** Reads from header to header as they lie, which must agree with the central directory's and not overlap. */
export async function locate(
  zip: ZipFile,
  listed: ReadonlyMap<Entry, ListedEntry>,
  size: number,
): Promise<ZipEntry[]> {
  const entries: ZipEntry[] = [];
  let free = 0;
  for (const [fields, entry] of [...listed].toSorted(byPlace)) {
    const name = shown(entry.name);
    if (fields.relativeOffsetOfLocalHeader < free) {
      throw new ArchiveFault(`has the entry ${name} over another's content, as a decompression bomb does`);
    }
    const header = await zip.readLocalFileHeaderPromise(fields);
    if (!agree(fields, header)) {
      throw new ArchiveFault(`has two headers of the entry ${name} that disagree`);
    }
    const dataStart = header.fileDataStart;
    free = dataStart + entry.packedSize;
    if (free > size) throw new ArchiveFault(`is cut short: the entry ${name} ends beyond it`);
    entries.push({ ...entry, dataStart });
  }
  return entries;
}

function byPlace([one]: readonly [Entry, unknown], [other]: readonly [Entry, unknown]): number {
  return one.relativeOffsetOfLocalHeader - other.relativeOffsetOfLocalHeader;
}

/** Of two headers that disagree, programs read one or the other. */
function agree(entry: Entry, local: LocalFileHeader): boolean {
  const flags = local.generalPurposeBitFlag;
  const isSame =
    local.fileName.equals(entry.fileNameRaw) &&
    local.compressionMethod === entry.compressionMethod &&
    (flags & encrypted) === 0;
  if (!isSame || (flags & sizesFollow) !== 0) return isSame;
  return (
    local.crc32 === entry.crc32 &&
    [inZip64, entry.compressedSize].includes(local.compressedSize) &&
    [inZip64, entry.uncompressedSize].includes(local.uncompressedSize)
  );
}
