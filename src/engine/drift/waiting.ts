import type { Failure } from '../../failure/failure.ts';
import type { Log } from '../../platform/log.ts';
import { type DriftWaiting, dateOf } from './tally.ts';

/** Milliseconds after which what cannot be put back is tried again. */
const first = 1000;
const last = 60_000;

interface Row {
  readonly paths: ReadonlySet<string>;
  readonly failure: Failure;
  readonly delay: number;
  readonly nextTryAt: string;
}

/** What cannot be put back yet, and why: mostly the source does not answer. */
export class Waiting {
  readonly #log: Log;
  #now: Row | undefined;

  constructor(log: Log) {
    this.#log = log;
  }

  get status(): DriftWaiting | undefined {
    if (this.#now === undefined) return undefined;
    const { paths, failure, nextTryAt } = this.#now;
    const [path = ''] = paths;
    return { path, files: paths.size, reason: failure.message, nextTryAt };
  }

  get failure(): Failure | undefined {
    return this.#now?.failure;
  }

  /** Says when it is to be tried again, as a `performance.now()`. */
  failed(failure: Failure, paths: readonly string[], now: number): number {
    const before = this.#now;
    const isNews = before?.failure.message !== failure.message;
    const delay = Math.min(before === undefined ? first : 2 * before.delay, last);
    const until = now + delay;
    const all = new Set([...paths, ...(before?.paths ?? [])]);
    this.#now = { paths: all, failure, delay, nextTryAt: dateOf(until, now) };
    const fields = { paths: paths.slice(0, 10), nextTryInMs: delay };
    if (isNews) this.#log.warn(fields, `not put back yet: ${failure.message}`);
    else this.#log.debug(fields, `not put back yet: ${failure.message}`);
    return until;
  }

  /** What was looked at, and is well, waits no more. */
  well(isWell: (path: string) => boolean): void {
    if (this.#now === undefined) return;
    const paths = new Set([...this.#now.paths].filter((path) => !isWell(path)));
    this.#now = paths.size === 0 ? undefined : { ...this.#now, paths };
  }

  over(): void {
    this.#now = undefined;
  }
}
