/** Milliseconds to wait after the first, second, third… repair of a row; the last one holds for all that follow. */
export type Ladder = readonly number[];

/** For one path: the first at once, and then ever more slowly, as long as somebody keeps undoing it. */
export const pathLadder: Ladder = [1000, 5000, 30_000, 60_000, 300_000];

/** For all together: each repair is told to the application, which must not be kept busy by that. */
export const wholeLadder: Ladder = [
  ...Array.from({ length: 3 }, () => 0),
  ...Array.from({ length: 7 }, () => 1000),
  ...Array.from({ length: 10 }, () => 5000),
  30_000,
];

/** So many repairs in a row are no accident. */
const contestedFrom = 3;
const quiet = 60_000;

interface Row {
  count: number;
  lastAt: number;
  until: number;
}

/** Keeps two writers from fighting: what drifts again soon after it was put back is put back ever later. */
export class Pace {
  readonly #ladder: Ladder;
  readonly #rows = new Map<string, Row>();

  constructor(ladder: Ladder) {
    this.#ladder = ladder;
  }

  /** When this may be repaired. Times are `performance.now()`. */
  from(key: string, now: number): number {
    return this.#row(key, now)?.until ?? now;
  }

  /** It was repaired. True when this is the repair with which a contest begins. */
  repaired(key: string, now: number): boolean {
    const row = this.#row(key, now) ?? { count: 0, lastAt: now, until: now };
    const delay = this.#ladder[Math.min(row.count, this.#ladder.length - 1)] ?? 0;
    row.count += 1;
    row.lastAt = now;
    row.until = now + delay;
    this.#rows.set(key, row);
    return row.count === contestedFrom;
  }

  /** What is put back again and again, the one with most repairs first. */
  contested(
    now: number,
  ): readonly { readonly key: string; readonly repairs: number; readonly until: number }[] {
    return [...this.#rows.keys()]
      .flatMap((key) => {
        const row = this.#row(key, now);
        return row === undefined || row.count < contestedFrom
          ? []
          : [{ key, repairs: row.count, until: row.until }];
      })
      .toSorted((a, b) => b.repairs - a.repairs);
  }

  /** Forgets rows that are over. */
  tidy(now: number): void {
    for (const key of this.#rows.keys()) this.#row(key, now);
  }

  /** Undefined when it was well for longer than it was made to wait. */
  #row(key: string, now: number): Row | undefined {
    const row = this.#rows.get(key);
    if (row === undefined) return undefined;
    if (now <= row.until + (row.until - row.lastAt) + quiet) return row;
    this.#rows.delete(key);
    return undefined;
  }
}
