import { pause } from '../platform/pause.ts';
import type { Holder } from './holder.ts';
import { knock, type LeaseSeen, readLease } from './lease.ts';

export interface OutlastOptions {
  readonly stateDir: string;
  /** Milliseconds in which a holder that lives hears a knock. */
  readonly beat: number;
  /** Called with each sign of life; what it throws ends the wait. */
  readonly onSign: (holder: Holder | undefined) => void;
}

/** So many beats without a sign of life, and the holder is gone. */
export const silence = 3.5;

/**
 * Waits until the lease of another is given back, or its holder gives no sign of life: then with what was seen last. Only
 * changes count, against this process's own clock: those of two machines are never compared.
 */
export async function outlast(
  { stateDir, beat, onSign }: OutlastOptions,
  signal: AbortSignal,
): Promise<LeaseSeen | undefined> {
  let mark: string | undefined;
  let signAt = performance.now();
  let knockedAt = Number.NEGATIVE_INFINITY;
  for (;;) {
    const seen = await readLease(stateDir);
    if (seen === undefined) return undefined;
    const now = performance.now();
    if (mark !== undefined && seen.mark !== mark) {
      signAt = now;
      onSign(seen.holder);
    } else if (now - signAt > silence * beat) return seen;
    mark = seen.mark;
    if (now - knockedAt >= beat) {
      knockedAt = now;
      await knock(stateDir);
    }
    await pause(beat / 10, signal);
  }
}
