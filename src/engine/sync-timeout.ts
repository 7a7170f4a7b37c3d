import { UnreachableError } from '../failure/failure.ts';
import { type Limits, withDeadline } from '../platform/deadline.ts';
import { formatDuration } from '../platform/units.ts';
import type { Parts } from './parts.ts';

/** One attempt: past its time everything of it is stopped. */
export function withinSyncTimeout<T>(
  { syncTimeout }: Pick<Parts, 'syncTimeout'>,
  signal: AbortSignal,
  run: (limits: Limits) => Promise<T>,
): Promise<T> {
  const onTime = () =>
    new UnreachableError({
      setting: 'WHERRY_SYNC_TIMEOUT',
      problem: `the attempt took longer than ${formatDuration(syncTimeout)}`,
      cure: 'look at the source and the network, or raise it for a large set or repository or a long validation',
    });
  return withDeadline(syncTimeout, signal, onTime, run);
}
