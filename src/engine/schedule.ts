export interface ScheduleInput {
  /** Milliseconds; 0 = only when woken. */
  readonly pollInterval: number;
  /** Share of the interval, from 0 to 1. */
  readonly pollJitter: number;
  /** Failed looks in a row. */
  readonly failures: number;
  /** Whether readers have a set: without one, tries come faster. */
  readonly isPublished: boolean;
}

const firstRetry = 500;
const slowestFirstRetry = 15_000;
const slowestRetry = 120_000;
const firstRetryBesideASet = 5000;

/** Milliseconds until the next look at the source. `random` is from 0 to 1. */
export function delayUntilNextPoll(input: ScheduleInput, random: number): number {
  const base = baseDelay(input);
  return base === Number.POSITIVE_INFINITY
    ? base
    : Math.max(0, base * (1 + input.pollJitter * (2 * random - 1)));
}

function baseDelay({ pollInterval, failures, isPublished }: ScheduleInput): number {
  if (failures === 0) return pollInterval === 0 ? Number.POSITIVE_INFINITY : pollInterval;
  const doubling = 2 ** Math.min(failures - 1, 30);
  if (!isPublished) return Math.min(firstRetry * doubling, slowestFirstRetry);
  const base = pollInterval === 0 ? firstRetryBesideASet : Math.min(pollInterval, firstRetryBesideASet);
  return Math.min(base * doubling, Math.max(pollInterval, slowestRetry));
}
