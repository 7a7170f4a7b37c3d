import { open } from 'node:fs/promises';
import { type ArchiveLimits, Budget } from './budget.ts';
import { checkKind, headLength } from './content-kind.ts';
import { type ArchiveSubject, SpoolError } from './fault.ts';
import type { ArchiveFormat } from './format.ts';
import type { ArchiveItem } from './item.ts';

/** A file that holds an archive as it was made. */
export interface ArchiveFile {
  readonly path: string;
  readonly format: ArchiveFormat;
  readonly subject: ArchiveSubject;
}

/** Reads an archive from its beginning. Throws `ArchiveFault` and `SpoolError`. */
export async function* itemsOf(
  { path, format }: ArchiveFile,
  budget: Budget,
  signal: AbortSignal,
): AsyncGenerator<ArchiveItem, void, void> {
  checkKind(await headOf(path), format);
  if (format === 'zip') {
    const { readZip } = await import('./zip/zip-reader.ts');
    yield* readZip(path, budget, signal);
    return;
  }
  const [{ readTar }, { unpackedTar }] = await Promise.all([
    import('./tar/tar-reader.ts'),
    import('./unpacked.ts'),
  ]);
  yield* readTar(unpackedTar(path, format, signal), budget);
}

/** For an archive that was judged already. */
export function withoutLimits(): Budget {
  const limits: ArchiveLimits = { maxFiles: Number.MAX_SAFE_INTEGER, maxBytes: Number.MAX_SAFE_INTEGER };
  return new Budget(limits);
}

async function headOf(path: string): Promise<Buffer> {
  try {
    await using handle = await open(path, 'r');
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(headLength), 0, headLength, 0);
    return buffer.subarray(0, bytesRead);
  } catch (error) {
    throw new SpoolError(error);
  }
}
