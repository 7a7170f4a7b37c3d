import type { Log } from '../platform/log.ts';
import type { Source } from '../sources/source.ts';

/** Watches the source where that is possible, so that a change need not wait for the next poll. */
export class SourceWatch implements AsyncDisposable {
  readonly #wake: () => void;
  readonly #log: Log;
  #source: Source | undefined;
  #watch: AsyncDisposable | undefined;

  constructor(wake: () => void, log: Log) {
    this.#wake = wake;
    this.#log = log;
  }

  /**
   * Watches this source from now on. Does nothing when it does already. `looksAgain`: what happened between the last
   * look and the first event would otherwise wait for the poll; after a look that failed another one comes soon anyway.
   */
  async follow(source: Source | undefined, looksAgain: boolean): Promise<void> {
    if (source === undefined || source === this.#source) return;
    this.#source = source;
    try {
      await this[Symbol.asyncDispose]();
      this.#watch = await source.watch(this.#wake);
      if (looksAgain && this.#watch !== undefined) this.#wake();
    } catch (error) {
      this.#log.warn({ err: error }, 'the source cannot be watched; it is only polled');
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#watch?.[Symbol.asyncDispose]();
    this.#watch = undefined;
  }
}
