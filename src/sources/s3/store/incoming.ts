import type http from 'node:http';

/** So much that nobody wants is read to keep the connection; of more the connection is closed. */
const worthDraining = 65_536;

export interface IncomingOptions {
  /** The answer to a HEAD: no body comes, whatever its headers say. */
  readonly isHead: boolean;
  /** Within the body nothing may be silent for longer. Milliseconds. */
  readonly silence: number;
  readonly signal: AbortSignal;
}

/** An answer of a store, its body still to come: to be read to the end, or disposed of. */
export class Incoming implements Disposable {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly #message: http.IncomingMessage;
  readonly #options: IncomingOptions;
  #wake: (() => void) | undefined;
  #isWatched = false;
  #isDisposed = false;
  #received = 0;
  #error: Error | undefined;

  constructor(message: http.IncomingMessage, options: IncomingOptions) {
    this.status = message.statusCode ?? 0;
    this.headers = message.headers;
    this.#message = message;
    this.#options = options;
    // Whether or not somebody reads on, a broken connection must not end the process.
    message.on('error', (error) => {
      this.#error ??= error;
      this.#wake?.();
    });
  }

  /** The next piece; undefined at the end. Nothing is read ahead of its time, and the clock runs only meanwhile. */
  async next(): Promise<Buffer | undefined> {
    const message = this.#message;
    for (;;) {
      this.#options.signal.throwIfAborted();
      if (this.#isDisposed) throw reset('the answer was given up');
      if (this.#error !== undefined) throw this.#error;
      const chunk: Buffer | null = message.read();
      if (chunk !== null) {
        this.#received += chunk.byteLength;
        return chunk;
      }
      if (message.readableEnded && message.complete) return undefined;
      if (message.readableEnded || message.destroyed) throw reset('the answer was cut short');
      await this.#movement();
    }
  }

  /** The whole body; undefined when it is longer than the limit. */
  async whole(limit: number): Promise<Buffer | undefined> {
    const chunks: Buffer[] = [];
    let length = 0;
    for (let chunk = await this.next(); chunk !== undefined; chunk = await this.next()) {
      chunks.push(chunk);
      length += chunk.byteLength;
      if (length > limit) return undefined;
    }
    return Buffer.concat(chunks, length);
  }

  /** Lets the answer go; when its rest is short the connection is free for the next request by then. */
  async finish(): Promise<void> {
    try {
      if (this.#isShort) await this.whole(worthDraining);
    } catch {
      this.#options.signal.throwIfAborted();
    } finally {
      this[Symbol.dispose]();
    }
  }

  [Symbol.dispose](): void {
    const message = this.#message;
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    if (message.destroyed || message.readableEnded) return;
    if (this.#isShort) this.#drain();
    else message.destroy();
    this.#wake?.();
  }

  /** What is left of it, as far as it is known. */
  get #isShort(): boolean {
    const hasNone = this.status === 304 || this.#options.isHead;
    const length = Number(this.headers['content-length'] ?? worthDraining);
    return hasNone || length - this.#received <= worthDraining;
  }

  #drain(): void {
    const message = this.#message;
    let left = worthDraining;
    const late = setTimeout(() => message.destroy(), this.#options.silence).unref();
    message.once('close', () => clearTimeout(late));
    message.removeAllListeners('readable');
    message.on('data', (chunk: Buffer) => {
      left -= chunk.byteLength;
      if (left < 0) message.destroy();
    });
    message.resume();
  }

  #movement(): Promise<void> {
    const message = this.#message;
    if (!this.#isWatched) {
      this.#isWatched = true;
      for (const event of ['readable', 'end', 'close']) message.on(event, () => this.#wake?.());
    }
    return new Promise((resolve) => {
      const late = setTimeout(() => {
        this.#error ??= Object.assign(new Error(`nothing came for ${this.#options.silence / 1000} s`), {
          code: 'ETIMEDOUT',
        });
        message.destroy();
        this.#wake?.();
      }, this.#options.silence);
      this.#wake = () => {
        clearTimeout(late);
        this.#wake = undefined;
        resolve();
      };
    });
  }
}

function reset(words: string): Error {
  return Object.assign(new Error(words), { code: 'ECONNRESET' });
}
