/** The store's time: this node's, until the store has refused it. */
export class Clock {
  #offset = 0;
  #last: { readonly date: string; readonly at: number } | undefined;

  now(): Date {
    return new Date(Date.now() + this.#offset);
  }

  /** Notes the `Date` of an answer. */
  heard(date: string | undefined): void {
    if (date !== undefined) this.#last = { date, at: Date.now() };
  }

  /** The store's time less this node's at the last answer, in milliseconds; known to the second. */
  get skew(): number | undefined {
    if (this.#last === undefined) return undefined;
    const time = Date.parse(this.#last.date);
    return Number.isNaN(time) ? undefined : time - this.#last.at;
  }

  /** Keeps to the time of this `Date` from now on. Returns the skew; undefined when it is none. */
  adopt(date: string | undefined): number | undefined {
    const time = Date.parse(date ?? '');
    if (Number.isNaN(time)) return undefined;
    this.#offset = time - Date.now();
    return this.#offset;
  }
}
