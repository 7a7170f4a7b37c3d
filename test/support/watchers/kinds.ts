import type { Seen } from './versions.ts';

/** What is watched. */
export interface Place {
  readonly target: string;
  /** That holds the file; in `link` mode it is below the link. */
  readonly directory: string;
  readonly file: string;
}

export interface NamedPlace extends Place {
  /** Follows the names of its watchers. */
  readonly suffix: string;
  /** All of them unless some are named. */
  readonly watchers?: readonly string[];
}

/** One wake-up: what the watcher was told, and what it found when it read at once. */
export interface Told {
  readonly by: string;
  readonly seen: Seen;
  /** Milliseconds, of the watcher's own clock. */
  readonly at: number;
}

/** Called at each wake-up; the watcher reads the file, unless it says what it found itself. */
export type Tell = (by: string, seen?: Seen) => void;

/** Starts a watcher; undefined where it cannot start yet, because there is nothing to watch. */
export type Start = (place: Place, tell: Tell) => Promise<AsyncDisposable | undefined>;
