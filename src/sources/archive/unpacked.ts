import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
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
      return decompressed(path, createGunzip({ chunkSize }), signal);
    case 'tar.zst':
      return decompressed(path, createZstdDecompress({ chunkSize }), signal);
  }
}

async function* plain(path: string, signal: AbortSignal): AsyncGenerator<Buffer, void, void> {
  try {
    yield* createReadStream(path, { signal, highWaterMark: chunkSize }) as AsyncIterable<Buffer>;
  } catch (error) {
    throw signal.aborted ? signal.reason : new SpoolError(error);
  }
}

async function* decompressed(
  path: string,
  decoder: Transform & { readonly bytesWritten: number },
  signal: AbortSignal,
): AsyncGenerator<Buffer, void, void> {
  let readError: unknown;
  const source = createReadStream(path, { signal, highWaterMark: chunkSize });
  source.once('error', (error) => {
    readError = error;
  });
  let unpacked = 0;
  try {
    pipeline(source, decoder, () => undefined);
    for await (const chunk of decoder as AsyncIterable<Buffer>) {
      unpacked += chunk.byteLength;
      checkRatio(unpacked, decoder.bytesWritten);
      yield chunk;
    }
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (readError !== undefined) throw new SpoolError(readError);
    if (error instanceof ArchiveFault) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new ArchiveFault(`is damaged or cut short: ${reason}`, { cause: error });
  }
  await checkEnd(path, decoder.bytesWritten);
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
