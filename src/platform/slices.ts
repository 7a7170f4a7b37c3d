import { setImmediate } from 'node:timers/promises';

/** So many quick synchronous calls take about a millisecond. */
export const sliceLength = 32;

/**
 * Does something quick and synchronous for each item, and lets the event loop turn in between. For thousands of small
 * files this costs a third of what a promise each would.
 */
export async function inSlices<T>(items: Iterable<T>, act: (item: T) => void): Promise<void> {
  let count = 0;
  for (const item of items) {
    act(item);
    count += 1;
    if (count % sliceLength === 0) await setImmediate();
  }
}
