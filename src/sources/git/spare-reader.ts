import type { ObjectReader } from './object-reader.ts';

/** Nobody writes so long after a snapshot. Milliseconds. */
const shelfLife = 3000;

/**
 * Keeps the `git cat-file` of a snapshot for the write that mostly follows at once, so that it need not start
 * another. It never idles for long.
 */
export class SpareReader {
  #kept: { readonly reader: ObjectReader; readonly signal: AbortSignal } | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** `signal` is the one that ends the reader when it is aborted. */
  keep(reader: ObjectReader, signal: AbortSignal): void {
    this.drop();
    this.#kept = { reader, signal };
    this.#timer = setTimeout(() => this.drop(), shelfLife).unref();
  }

  /** Who has this signal may have it from now on. */
  passTo(signal: AbortSignal): void {
    if (this.#kept !== undefined) this.#kept = { ...this.#kept, signal };
  }

  /** Hands it out, to who has the same signal. */
  take(signal: AbortSignal): ObjectReader | undefined {
    const kept = this.#kept;
    if (kept?.signal !== signal) return undefined;
    clearTimeout(this.#timer);
    this.#kept = undefined;
    return kept.reader;
  }

  drop(): void {
    clearTimeout(this.#timer);
    const reader = this.#kept?.reader;
    this.#kept = undefined;
    reader?.end();
  }
}
