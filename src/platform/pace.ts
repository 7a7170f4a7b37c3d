import { setImmediate } from 'node:timers/promises';
import { sliceLength } from './slices.ts';

/** Milliseconds that one item may take on average before many are better done side by side. */
const quick = 0.5;
/** So many items are done side by side before the quick way is tried again. */
const slowFor = 16 * sliceLength;

/**
 * Chooses how thousands of small files are treated. On a local disk a synchronous call costs a fifth of a promise; on a
 * volume behind a network each waits for an answer, and side by side they wait together.
 */
export class Pace {
  #inSlice = 0;
  #spent = 0;
  #slowLeft = 0;

  /** Whether the next item is better done at once. */
  get isQuick(): boolean {
    if (this.#slowLeft === 0) return true;
    this.#slowLeft -= 1;
    return false;
  }

  /** Does a quick item, and lets the event loop turn after some. */
  async act<T>(item: () => T): Promise<T> {
    const started = performance.now();
    const result = item();
    this.#spent += performance.now() - started;
    this.#inSlice += 1;
    if (this.#inSlice < sliceLength) return result;
    if (this.#spent > quick * sliceLength) this.#slowLeft = slowFor;
    this.#inSlice = 0;
    this.#spent = 0;
    await setImmediate();
    return result;
  }
}
