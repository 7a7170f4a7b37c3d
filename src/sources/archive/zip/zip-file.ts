import type { FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import yauzl from 'yauzl';
import { ArchiveFault, SpoolError } from '../fault.ts';

/** What is read in small pieces lies side by side. */
const windowSize = 256 * 1024;

/**
 * Lets yauzl read a file. Its own way would let an offset beyond every file throw where nobody can catch it; here it
 * is an error like another.
 */
export class ZipFileReader extends yauzl.RandomAccessReader {
  readonly #handle: FileHandle;
  readonly #size: number;
  #window: { readonly start: number; readonly bytes: Buffer } = { start: 0, bytes: Buffer.alloc(0) };

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
    if (length > windowSize / 4) return this.#read(position, length);
    const { start, bytes } = this.#window;
    if (position < start || position + length > start + bytes.byteLength) {
      const there = Math.min(windowSize, this.#size - position);
      this.#window = { start: position, bytes: await this.#read(position, there) };
    }
    const offset = position - this.#window.start;
    return this.#window.bytes.subarray(offset, offset + length);
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

  async #read(position: number, length: number): Promise<Buffer> {
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

  #check(position: number, length: number): void {
    const isInside = Number.isSafeInteger(position) && position >= 0 && position + length <= this.#size;
    if (!isInside) throw new ArchiveFault('is damaged: it points beyond its own end');
  }
}
