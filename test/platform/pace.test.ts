import { expect, test } from 'vitest';
import { Pace } from '../../src/platform/pace.ts';

/** A clock's worth of work, without a wait. */
function busy(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

test('what turns out to be slow is better done side by side for a while, and then tried again', async () => {
  const pace = new Pace();
  for (let count = 0; count < 32; count += 1) await pace.act(() => busy(1));
  let sideBySide = 0;
  while (!pace.isQuick) sideBySide += 1;
  expect(sideBySide).toBe(512);
  expect(pace.isQuick).toBe(true);
});

test('the event loop turns between quick items', async () => {
  const pace = new Pace();
  let turns = 0;
  const timer = setInterval(() => {
    turns += 1;
  }, 1);
  for (let count = 0; count < 320; count += 1) await pace.act(() => busy(0.1));
  clearInterval(timer);
  expect(turns).toBeGreaterThan(3);
});
