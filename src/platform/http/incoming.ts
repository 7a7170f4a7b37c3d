import { type Answer, type Headers, reset } from './exchange.ts';

/** So much that nobody wants is read to keep the connection; of more the connection is closed. */
const worthDraining = 65_536;

export interface IncomingOptions {
  /** The answer to a HEAD: no body comes, whatever its headers say. */
  readonly isHead: boolean;
  /** Within the body nothing may be silent for longer. Milliseconds. */
  readonly silence: number;
  readonly signal: AbortSignal;
}

/** An answer, its body still to come: to be read to the end, or disposed of. */
export class Incoming implements Disposable {
  readonly status: number;
  readonly headers: Headers;
  readonly #answer: Answer;
  readonly #options: IncomingOptions;
  #isDisposed = false;
  #isOver = false;
  #received = 0;

  constructor(answer: Answer, options: IncomingOptions) {
    this.status = answer.status;
    this.headers = answer.headers;
    this.#answer = answer;
    this.#options = options;
  }

  /** The next piece; undefined at the end. Little is read ahead of its time, and the clock runs only meanwhile. */
  async next(): Promise<Buffer | undefined> {
    for (;;) {
      const piece = this.#take();
      if (piece !== null) return piece;
      await this.#movement();
    }
  }

  /** The whole body; undefined when it is longer than the limit. */
  async whole(limit: number): Promise<Buffer | undefined> {
    const pieces: Buffer[] = [];
    let length = 0;
    for (;;) {
      const piece = this.#take();
      if (piece === undefined) break;
      if (piece === null) await this.#movement();
      else {
        pieces.push(piece);
        length += piece.byteLength;
        if (length > limit) return undefined;
      }
    }
    const [only, ...others] = pieces;
    return only !== undefined && others.length === 0 ? only : Buffer.concat(pieces, length);
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
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    if (this.#isOver) return;
    // Who waits for a piece waits no more.
    this.#answer.moved();
    if (this.#isShort) this.#drain();
    else this.#answer.destroy();
  }

  /** What is left of it, as far as it is known. */
  get #isShort(): boolean {
    const hasNone = this.status === 304 || this.#options.isHead;
    const length = Number(this.headers['content-length'] ?? worthDraining);
    return hasNone || length - this.#received <= worthDraining;
  }

  #take(): Buffer | null | undefined {
    this.#options.signal.throwIfAborted();
    if (this.#isDisposed) throw reset('the answer was given up');
    const piece = this.#answer.take();
    if (piece === undefined) this.#isOver = true;
    else if (piece !== null) this.#received += piece.byteLength;
    return piece;
  }

  #drain(): void {
    const answer = this.#answer;
    let left = worthDraining;
    /** False while more is to come. */
    const isDrained = () => {
      try {
        let piece = answer.take();
        for (; piece !== undefined && piece !== null; piece = answer.take()) left -= piece.byteLength;
        if (left < 0) answer.destroy();
        return piece === undefined;
      } catch {
        return true;
      }
    };
    if (isDrained()) return;
    const late = setTimeout(() => answer.destroy(), this.#options.silence).unref();
    answer.moved = () => {
      if (isDrained()) clearTimeout(late);
    };
  }

  #movement(): Promise<void> {
    const answer = this.#answer;
    const { silence } = this.#options;
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        answer.destroy();
        reject(Object.assign(new Error(`nothing came for ${silence / 1000} s`), { code: 'ETIMEDOUT' }));
      }, silence);
      answer.moved = () => {
        clearTimeout(late);
        answer.moved = () => undefined;
        resolve();
      };
    });
  }
}
