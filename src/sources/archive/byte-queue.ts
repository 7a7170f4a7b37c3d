import { ArchiveFault } from './fault.ts';

/** Reads counted stretches from chunks, wherever those are cut. */
export class ByteQueue implements AsyncDisposable {
  readonly #chunks: AsyncIterator<Buffer>;
  #held: Buffer = Buffer.alloc(0);

  constructor(chunks: AsyncIterable<Buffer>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** Exactly so many bytes; undefined when there are no more at all. */
  async next(count: number): Promise<Buffer | undefined> {
    if (this.#held.byteLength >= count) return this.#take(count);
    if (this.#held.byteLength === 0 && !(await this.#more())) return undefined;
    return this.bytes(count);
  }

  /** Exactly so many bytes. */
  async bytes(count: number): Promise<Buffer> {
    if (this.#held.byteLength >= count) return this.#take(count);
    const pieces: Buffer[] = [];
    for await (const piece of this.stream(count)) pieces.push(piece);
    return Buffer.concat(pieces, count);
  }

  /** Exactly so many bytes, in the pieces in which they come. */
  async *stream(count: number): AsyncGenerator<Buffer, void, void> {
    for (let left = count; left > 0; ) {
      if (this.#held.byteLength === 0 && !(await this.#more())) throw new ArchiveFault('is cut short');
      const piece = this.#take(Math.min(left, this.#held.byteLength));
      left -= piece.byteLength;
      yield piece;
    }
  }

  /** Whatever comes until the end. */
  async *rest(): AsyncGenerator<Buffer, void, void> {
    while (this.#held.byteLength > 0 || (await this.#more())) yield this.#take(this.#held.byteLength);
  }

  /** Lets go of where the chunks come from, wherever the reading stands. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#chunks.return?.();
  }

  #take(count: number): Buffer {
    const taken = this.#held.subarray(0, count);
    this.#held = this.#held.subarray(count);
    return taken;
  }

  async #more(): Promise<boolean> {
    for (;;) {
      const { done, value } = await this.#chunks.next();
      if (done === true) return false;
      this.#held = value;
      if (value.byteLength > 0) return true;
    }
  }
}
