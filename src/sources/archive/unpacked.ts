import { createReadStream, type ReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { pipeline, type Transform } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { checkRatio } from './budget.ts';
import { ArchiveFault, SpoolError } from './fault.ts';
import type { ArchiveFormat } from './format.ts';

const chunkSize = 64 * 1024;

/** The bytes of a tar, from its file. Faults are the compression's: each is checked against its own checksums. */
export function unpackedTar(
  path: string,
  format: Exclude<ArchiveFormat, 'zip'>,
  signal: AbortSignal,
): AsyncIterable<Buffer> {
  switch (format) {
    case 'tar':
      return plain(path, signal);
    case 'tar.gz':
      return decompressed(path, () => createGunzip({ chunkSize }), signal);
    case 'tar.zst':
      return decompressed(path, () => createZstdDecompress({ chunkSize }), signal);
  }
}

async function* plain(path: string, signal: AbortSignal): AsyncGenerator<Buffer, void, void> {
  try {
    yield* bytesFrom(path, 0, signal) as AsyncIterable<Buffer>;
  } catch (error) {
    throw signal.aborted ? signal.reason : new SpoolError(error);
  }
}

type Decoder = Transform & { readonly bytesWritten: number };

async function* decompressed(
  path: string,
  createDecoder: () => Decoder,
  signal: AbortSignal,
): AsyncGenerator<Buffer, void, void> {
  let unpacked = 0;
  let packed = 0;
  do {
    const decoder = createDecoder();
    for await (const chunk of decompressedPart(path, packed, decoder, signal)) {
      unpacked += chunk.byteLength;
      checkRatio(unpacked, packed + decoder.bytesWritten);
      yield chunk;
    }
    packed += decoder.bytesWritten;
    // Before Node.js 26 a decoder of zstd ends with the first frame.
  } while (await isZstdFrame(path, packed));
  await checkEnd(path, packed);
}

async function* decompressedPart(
  path: string,
  start: number,
  decoder: Decoder,
  signal: AbortSignal,
): AsyncGenerator<Buffer, void, void> {
  let readError: unknown;
  const source = bytesFrom(path, start, signal);
  source.once('error', (error) => {
    readError = error;
  });
  try {
    pipeline(source, decoder, () => undefined);
    yield* decoder as AsyncIterable<Buffer>;
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (readError !== undefined) throw new SpoolError(readError);
    const reason = error instanceof Error ? error.message : String(error);
    throw new ArchiveFault(`is damaged or cut short: ${reason}`, { cause: error });
  }
}

/** A stream that gets an aborted signal opens its file all the same, and never closes it. */
function bytesFrom(path: string, start: number, signal: AbortSignal): ReadStream {
  signal.throwIfAborted();
  return createReadStream(path, { start, signal, highWaterMark: chunkSize });
}

/** Whether another frame follows there, of data or to be passed over. */
async function isZstdFrame(path: string, at: number): Promise<boolean> {
  try {
    await using file = await open(path, 'r');
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, at);
    const magic = buffer.readUInt32LE();
    return bytesRead === 4 && (magic === 0xfd2fb528 || (magic >= 0x184d2a50 && magic <= 0x184d2a5f));
  } catch (error) {
    throw new SpoolError(error);
  }
}

/** Node passes over what follows the compressed data. */
async function checkEnd(path: string, consumed: number): Promise<void> {
  const { size } = await stat(path).catch((error: unknown) => {
    throw new SpoolError(error);
  });
  if (size > consumed) {
    throw new ArchiveFault(`has ${size - consumed} bytes of something else after its compressed data`);
  }
}
