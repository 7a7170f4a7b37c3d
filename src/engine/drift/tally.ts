import type { Log } from '../../platform/log.ts';
import { Pace, pathLadder, wholeLadder } from '../../publish/drift/pace.ts';
import type { EngineOptions } from '../options.ts';

/** What was put back since the start, for the status. */
export interface DriftStatus {
  readonly repairs: number;
  readonly lastPath?: string | undefined;
  readonly lastAt?: string | undefined;
  /** Something else keeps writing there. */
  readonly contested?:
    | { readonly path: string; readonly paths: number; readonly nextTryAt: string }
    | undefined;
  /** What could not be put back yet. */
  readonly waiting?: DriftWaiting | undefined;
}

export interface DriftWaiting {
  readonly path: string;
  readonly files: number;
  readonly reason: string;
  readonly nextTryAt: string;
}

const whole = '';
const mostNamed = 10;
const shortWait = 1000;

/** Counts what was put back, sees to it that it is not done too often, and says so. */
export class Tally {
  readonly #log: Log;
  readonly #paths: Pace;
  readonly #whole: Pace;
  #repairs = 0;
  #lastPath: string | undefined;
  #lastAt: string | undefined;

  constructor({ log, driftTimes }: Pick<EngineOptions, 'log' | 'driftTimes'>) {
    this.#log = log;
    this.#paths = new Pace(driftTimes?.ladder ?? pathLadder);
    this.#whole = new Pace(driftTimes?.ladder ?? wholeLadder);
  }

  /** When this path may be put back; `performance.now()`, as all times here. */
  from(path: string, now: number): number {
    return Math.max(this.#paths.from(path, now), this.#whole.from(whole, now));
  }

  /** What may be put back now, and when the rest may. What comes in a moment is waited for, so that all is told once. */
  split<T extends { readonly path: string }>(
    damages: readonly T[],
    now: number,
  ): { readonly ready: readonly T[]; readonly later: readonly (readonly [string, number])[] } {
    const longest = damages.reduce((most, { path }) => Math.max(most, this.from(path, now)), now);
    const together = longest - now <= shortWait ? longest : now;
    const ready: T[] = [];
    const later: (readonly [string, number])[] = [];
    for (const damage of damages) {
      const from = Math.max(this.from(damage.path, now), together);
      if (from <= now) ready.push(damage);
      else later.push([damage.path, from]);
    }
    return { ready, later };
  }

  /** `keys`: what they are counted as, the paths themselves unless given. */
  putBack(paths: readonly string[], fields: object, now: number, keys: readonly string[] = paths): void {
    this.#repairs += paths.length;
    const shown = paths.map((path) => (path === '' ? '.' : path));
    this.#lastPath = shown.at(-1);
    this.#lastAt = new Date().toISOString();
    this.#whole.repaired(whole, now);
    const more = shown.length - mostNamed;
    this.#log.warn(
      { paths: shown.slice(0, mostNamed), ...(more > 0 ? { more } : {}), ...fields },
      'put back what something else changed in the target',
    );
    const contested = keys.filter((key) => this.#paths.repaired(key, now));
    this.#paths.tidy(now);
    if (contested.length === 0) return;
    this.#log.error(
      { paths: contested.slice(0, mostNamed) },
      `something else keeps writing ${contested[0]}: it is put back ever more slowly; mount the volume readOnly in the other containers, or set WHERRY_DRIFT=ignore`,
    );
  }

  status(now: number, waiting: DriftWaiting | undefined): DriftStatus | undefined {
    if (this.#repairs === 0 && waiting === undefined) return undefined;
    const contested = this.#paths.contested(now);
    const [first] = contested;
    return {
      repairs: this.#repairs,
      lastPath: this.#lastPath,
      lastAt: this.#lastAt,
      contested: first && { path: first.key, paths: contested.length, nextTryAt: dateOf(first.until, now) },
      waiting,
    };
  }
}

/** A `performance.now()` as ISO 8601. */
export function dateOf(time: number, now: number): string {
  return new Date(Date.now() + Math.max(0, time - now)).toISOString();
}
