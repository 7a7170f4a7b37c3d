import { markOf } from '../../../platform/file-mark.ts';

/** How often they are looked at, at most. Milliseconds. */
const pause = 1000;

/** Files that credentials come from. */
export class WatchedFiles {
  readonly #paths: readonly string[];
  readonly #now: () => number;
  #marks: string;
  #lookedAt: number;

  constructor(paths: readonly string[], now: () => number) {
    this.#paths = paths;
    this.#now = now;
    this.#marks = this.#look();
    this.#lookedAt = now();
  }

  /** True once after each change, as far as it was looked. */
  changed(): boolean {
    const now = this.#now();
    if (this.#paths.length === 0 || Math.abs(now - this.#lookedAt) < pause) return false;
    this.#lookedAt = now;
    const marks = this.#look();
    if (marks === this.#marks) return false;
    this.#marks = marks;
    return true;
  }

  #look(): string {
    return this.#paths.map(markOf).join(' ');
  }
}
