import type { Log } from '../platform/log.ts';
import type { Publisher } from '../publish/publisher.ts';
import type { StageOptions } from '../publish/same-set.ts';
import type { Backoffs } from '../reload/delivery.ts';
import type { Observer } from './observer.ts';
import type { StateStore } from './state-store.ts';

/** What an engine works with for all of its life. */
export interface EngineOptions {
  readonly publisher: Publisher;
  /** Absolute. */
  readonly targetDir: string;
  readonly stageOptions: StageOptions;
  readonly store: StateStore;
  readonly observer: Observer;
  readonly log: Log;
  /** The process is ending: a reload call that is under way is given up too. */
  readonly ending: AbortSignal;
  /** Whether another process has taken the target over meanwhile: nothing is published then. */
  readonly isTaken?: () => Promise<boolean>;
  /** What becomes of what something else changes in the published set; ignored unless given. */
  readonly drift?: 'repair' | 'ignore';
  /** Milliseconds between two whole looks at the published set, and after each of a row of repairs; the usual ones unless given. */
  readonly driftTimes?: { readonly slowCheck?: number; readonly ladder?: readonly number[] };
  /** Milliseconds between two tries of a reload; the delivery's own unless given. */
  readonly backoffs?: Backoffs;
}
