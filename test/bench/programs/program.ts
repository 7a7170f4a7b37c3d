import type { Run } from '../measure.ts';
import type { Place } from '../places/place.ts';

/** A program that keeps a directory true to a place. */
export interface Program {
  readonly name: string;
  takes(place: Place): boolean;
  /** The command that makes one set in a new directory, and ends. */
  once(place: Place, directory: string): Run;
  /** Starts it to stay. */
  keep(place: Place, keeping: Keeping): Promise<Keeper>;
}

export interface Keeping {
  /** Milliseconds between two looks at the source; undefined = its own default. */
  readonly interval?: number;
  /** Called after each change. */
  readonly reload?: string;
}

/** A program that runs. */
export interface Keeper extends AsyncDisposable {
  readonly pid: number;
  /** Waits for the first set. */
  published(): Promise<void>;
  /** Looks at the source so far that found nothing new. */
  polls(): Promise<number>;
  /** Makes it look at the source now, where it can be told to. */
  readonly wake?: () => Promise<void>;
  /** Waits until nothing is left to do of a change that it has told of. */
  rested(): Promise<void>;
}
