import type { Answer } from '../exchange.ts';
import type { Head } from './head.ts';

/** So much is read ahead of who takes it. Bytes. */
const enoughAhead = 65_536;

/** What the answer does with its connection. */
export interface Tap {
  pause(): void;
  resume(): void;
  destroy(): void;
}

/** An answer that is filled from the wire on one side and taken on the other. */
export class WireAnswer implements Answer {
  readonly status: number;
  readonly headers: Head['headers'];
  moved: () => void = () => undefined;
  readonly #tap: Tap;
  readonly #pieces: Buffer[] = [];
  #ahead = 0;
  #isPaused = false;
  #isWhole = false;
  #error: Error | undefined;

  constructor({ status, headers }: Head, tap: Tap) {
    this.status = status;
    this.headers = headers;
    this.#tap = tap;
  }

  take(): Buffer | null | undefined {
    if (this.#error !== undefined) throw this.#error;
    const piece = this.#pieces.shift();
    if (piece !== undefined) {
      this.#ahead -= piece.byteLength;
      return piece;
    }
    if (this.#isWhole) return undefined;
    this.#resume();
    return null;
  }

  /** Of a whole answer the connection is another request's by now. */
  destroy(): void {
    if (!this.#isWhole) this.#tap.destroy();
  }

  readonly give = (piece: Buffer): void => {
    this.#pieces.push(piece);
    this.#ahead += piece.byteLength;
    if (this.#ahead >= enoughAhead && !this.#isPaused) {
      this.#isPaused = true;
      this.#tap.pause();
    }
    this.moved();
  };

  /** Nothing more comes. The next answer on the connection is not to wait until this one is taken. */
  end(): void {
    this.#isWhole = true;
    this.#resume();
    this.moved();
  }

  /** Nothing more comes, and it is not whole. */
  fail(error: Error): void {
    if (this.#isWhole) return;
    this.#error ??= error;
    this.moved();
  }

  #resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#tap.resume();
  }
}
