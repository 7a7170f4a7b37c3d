/** Reads lines and counted stretches from a stream of chunks; what is not asked for is not read. */
export class ByteReader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #held: Buffer = Buffer.alloc(0);

  constructor(stream: AsyncIterable<Uint8Array>) {
    this.#chunks = stream[Symbol.asyncIterator]();
  }

  /** Up to a newline, without it. Throws at the end of the stream, and on lines of over 64 KiB. */
  async line(): Promise<string> {
    for (let from = 0; ; ) {
      const end = this.#held.indexOf(0x0a, from);
      if (end !== -1) return this.#take(end + 1).toString('latin1', 0, end);
      from = this.#held.byteLength;
      if (from > 65_536) throw new Error('a line without an end');
      await this.#more();
    }
  }

  /** The next line, if it has arrived; it is not taken. */
  peekLine(): string | undefined {
    const end = this.#held.indexOf(0x0a);
    return end === -1 ? undefined : this.#held.toString('latin1', 0, end);
  }

  /** Takes bytes that have arrived after others that are passed over; undefined when not all of them have. */
  takeHeld(skipped: number, count: number, after: number): Buffer | undefined {
    const end = skipped + count;
    return this.#held.byteLength < end + after ? undefined : this.#take(end + after).subarray(skipped, end);
  }

  /** Exactly so many bytes. */
  async bytes(count: number): Promise<Buffer> {
    if (this.#held.byteLength >= count) return this.#take(count);
    const result = Buffer.allocUnsafe(count);
    let filled = 0;
    for await (const chunk of this.stream(count)) {
      result.set(chunk, filled);
      filled += chunk.byteLength;
    }
    return result;
  }

  /** Exactly so many bytes, in the pieces in which they come. */
  async *stream(count: number): AsyncGenerator<Buffer, void, void> {
    for (let left = count; left > 0; ) {
      if (this.#held.byteLength === 0) await this.#more();
      const piece = this.#take(Math.min(left, this.#held.byteLength));
      left -= piece.byteLength;
      yield piece;
    }
  }

  #take(count: number): Buffer {
    const taken = this.#held.subarray(0, count);
    this.#held = this.#held.subarray(count);
    return taken;
  }

  async #more(): Promise<void> {
    const { done, value } = await this.#chunks.next();
    if (done === true) throw new Error('the stream ended early');
    const chunk = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    this.#held = this.#held.byteLength === 0 ? chunk : Buffer.concat([this.#held, chunk]);
  }
}
