import type { Revision } from '../snapshot/entry.ts';

/** A change that waits until it is quiet. Times are `performance.now()`. */
export interface WaitingChange {
  readonly revision: Revision;
  /** When the first of a row of changes was seen. */
  readonly since: number;
  /** When it is followed, unless it moves on before. */
  readonly until: number;
}

/**
 * Trailing edge: every new revision starts the quiet time anew, but none waits longer than `max` after the first.
 * Milliseconds.
 */
export function waitForQuiet(
  waiting: WaitingChange | undefined,
  revision: Revision,
  now: number,
  { debounce, max }: { readonly debounce: number; readonly max: number },
): WaitingChange {
  if (waiting?.revision === revision) return waiting;
  const since = waiting?.since ?? now;
  return { revision, since, until: Math.min(now + debounce, since + max) };
}
