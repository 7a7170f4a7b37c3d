/** Milliseconds before a layer that failed is tried again: so long at first, then twice as long each time. */
const first = 5000;
const longest = 120_000;

export function delayAfter(failures: number): number {
  return Math.min(first * 2 ** Math.min(failures - 1, 10), longest);
}
