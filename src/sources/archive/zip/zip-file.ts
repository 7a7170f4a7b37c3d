import type { FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import yauzl from 'yauzl';
import { ArchiveFault, SpoolError } from '../fault.ts';

/**
 * Lets yauzl read a file. Its own way would let an offset beyond every file throw where nobody can catch it; here it
 * is an error like another.
 */
export class ZipFileReader extends yauzl.RandomAccessReader {
  readonly #handle: FileHandle;
  readonly #size: number;

  constructor(handle: FileHandle, size: number) {
    super();
    this.#handle = handle;
    this.#size = size;
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null) => void,
  ): void {
    this.bytes(position, length).then(
      (bytes) => {
        bytes.copy(buffer, offset);
        callback(null);
      },
      (error: Error) => callback(error),
    );
  }

  /** Exactly so many bytes. */
  async bytes(position: number, length: number): Promise<Buffer> {
    this.#check(position, length);
    const buffer = Buffer.allocUnsafe(length);
    for (let filled = 0; filled < length; ) {
      const { bytesRead } = await this.#handle
        .read(buffer, filled, length - filled, position + filled)
        .catch((error: unknown) => {
          throw new SpoolError(error);
        });
      if (bytesRead === 0) throw new SpoolError(new Error('it is shorter than it was'));
      filled += bytesRead;
    }
    return buffer;
  }

  /** The same, in pieces. */
  stream(position: number, length: number): Readable {
    return Readable.from(this.#pieces(position, length), { objectMode: false });
  }

  override close(callback: (error: Error | null) => void): void {
    callback(null);
  }

  async *#pieces(position: number, length: number): AsyncGenerator<Buffer, void, void> {
    const pieceSize = 64 * 1024;
    for (let at = 0; at < length; at += pieceSize) {
      yield await this.bytes(position + at, Math.min(pieceSize, length - at));
    }
  }

  #check(position: number, length: number): void {
    const isInside = Number.isSafeInteger(position) && position >= 0 && position + length <= this.#size;
    if (!isInside) throw new ArchiveFault('is damaged: it points beyond its own end');
  }
}
