import { pipeline } from 'node:stream';
import { crc32, createInflateRaw, inflateRawSync } from 'node:zlib';
import { ArchiveFault, SpoolError, shown } from '../fault.ts';
import type { ZipEntry } from './zip-entry.ts';
import type { ZipFileReader } from './zip-file.ts';

/** Up to this an entry is unpacked in one go; above it in pieces, so that memory does not grow. */
const wholeUpTo = 256 * 1024;

/** One entry's content, checked against its size and checksum: what is wrong shows at the end. */
export async function* zipContent(
  reader: ZipFileReader,
  entry: ZipEntry,
  signal: AbortSignal,
): AsyncGenerator<Buffer, void, void> {
  let size = 0;
  let checksum = 0;
  for await (const piece of unpacked(reader, entry)) {
    signal.throwIfAborted();
    size += piece.byteLength;
    // More than it says could be without end.
    if (size > entry.size) break;
    checksum = crc32(piece, checksum);
    yield piece;
  }
  if (size !== entry.size || checksum !== entry.crc32) throw damaged(entry);
}

async function* unpacked(reader: ZipFileReader, entry: ZipEntry): AsyncGenerator<Buffer, void, void> {
  const { dataStart, packedSize, size, method } = entry;
  if (Math.max(packedSize, size) <= wholeUpTo) {
    const packed = await reader.bytes(dataStart, packedSize);
    yield method === 'stored' ? packed : inflate(packed, entry);
    return;
  }
  const source = reader.stream(dataStart, packedSize);
  if (method === 'stored') {
    yield* source as AsyncIterable<Buffer>;
    return;
  }
  const inflater = createInflateRaw({ chunkSize: 64 * 1024 });
  let readError: unknown;
  source.once('error', (error) => {
    readError = error;
  });
  pipeline(source, inflater, () => undefined);
  try {
    yield* inflater as AsyncIterable<Buffer>;
  } catch (error) {
    throw readError instanceof SpoolError ? readError : damaged(entry, error);
  }
  if (inflater.bytesWritten !== packedSize) throw damaged(entry);
}

function inflate(packed: Buffer, entry: ZipEntry): Buffer {
  try {
    const { size } = entry;
    return inflateRawSync(packed, { maxOutputLength: size + 1, chunkSize: Math.max(size + 1, 64) });
  } catch (error) {
    throw damaged(entry, error);
  }
}

function damaged({ name }: ZipEntry, cause?: unknown): ArchiveFault {
  return new ArchiveFault(`has the damaged entry ${shown(name)}`, { cause });
}
