const quiet = 100;
const atMost = 1000;

/** When a burst of events is over: once it is quiet, or after a second of it. Times are `performance.now()`. */
export class Debounce {
  #first: number | undefined;
  #at = Number.POSITIVE_INFINITY;

  get at(): number {
    return this.#at;
  }

  touch(now: number): void {
    this.#first ??= now;
    this.#at = Math.min(now + quiet, this.#first + atMost);
  }

  /** Not before this. */
  delay(until: number): void {
    this.#first = undefined;
    this.#at = until;
  }

  clear(): void {
    this.#first = undefined;
    this.#at = Number.POSITIVE_INFINITY;
  }
}
