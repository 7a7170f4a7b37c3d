import type { Failure } from '../../failure/failure.ts';
import type { Log } from '../../platform/log.ts';
import { type DriftWaiting, dateOf } from './tally.ts';

/** Milliseconds after which what cannot be put back is tried again. */
const first = 1000;
const last = 60_000;

/** What cannot be put back yet, and why: mostly the source does not answer. */
export class Waiting {
  readonly #log: Log;
  #now: { readonly status: DriftWaiting; readonly delay: number; readonly failure: Failure } | undefined;

  constructor(log: Log) {
    this.#log = log;
  }

  get status(): DriftWaiting | undefined {
    return this.#now?.status;
  }

  get failure(): Failure | undefined {
    return this.#now?.failure;
  }

  /** Says when it is to be tried again, as a `performance.now()`. */
  failed(failure: Failure, paths: readonly string[], now: number): number {
    const isNews = this.#now?.failure.message !== failure.message;
    const delay = Math.min(this.#now === undefined ? first : 2 * this.#now.delay, last);
    const until = now + delay;
    const [path = ''] = paths;
    const status = { path, files: paths.length, reason: failure.message, nextTryAt: dateOf(until, now) };
    this.#now = { status, delay, failure };
    const fields = { paths: paths.slice(0, 10), nextTryInMs: delay };
    if (isNews) this.#log.warn(fields, `not put back yet: ${failure.message}`);
    else this.#log.debug(fields, `not put back yet: ${failure.message}`);
    return until;
  }

  over(): void {
    this.#now = undefined;
  }
}
