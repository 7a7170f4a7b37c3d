import { setTimeout as sleep } from 'node:timers/promises';
import type { Request, RequestOutcome } from '../engine/machine/request.ts';
import { UnreachableError } from '../failure/failure.ts';
import { formatDuration } from '../platform/units.ts';

/** Milliseconds, all. */
export interface Patience {
  /** Until a sidecar takes a request that was left for it. */
  readonly taken: number;
  /** From then on until it is over. */
  readonly over: number;
  /** Between two looks. */
  readonly interval: number;
}

export const usualPatience: Patience = { taken: 15_000, over: 60_000, interval: 100 };

/** What the sidecar tells of the last request that it took. */
export type LastRequest = () => Promise<RequestOutcome | undefined>;

/** Waits for the end of what is under way. */
export async function followToEnd(
  outcome: RequestOutcome,
  last: LastRequest,
  { over, interval }: Patience,
): Promise<RequestOutcome> {
  const ends = performance.now() + over;
  for (let known = outcome; ; await sleep(interval)) {
    if (known.result !== 'under-way') return known;
    if (performance.now() >= ends) {
      throw new UnreachableError({
        problem: `${known.action}: ${known.detail}, and it is not over after ${formatDuration(over)}`,
        cure: 'it goes on by itself; `wherry status` tells how far it is',
      });
    }
    const now = await last();
    if (now !== undefined && now.id !== outcome.id) throw overtaken(outcome, now);
    known = now ?? known;
  }
}

/** Another request came after it, and of that one alone the sidecar still tells. */
export function overtaken({ action }: Pick<Request, 'action'>, by: RequestOutcome): UnreachableError {
  return new UnreachableError({
    problem: `${action}: it was taken, and ${by.action} came right after it (${by.detail})`,
    cure: '`wherry status` tells what is in force now',
  });
}
