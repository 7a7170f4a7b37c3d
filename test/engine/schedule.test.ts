import { expect, test } from 'vitest';
import { delayUntilNextPoll } from '../../src/engine/schedule.ts';

const usual = { pollInterval: 30_000, pollJitter: 0.1, failures: 0, isPublished: true };

test('polls are spread by the jitter, both ways', () => {
  expect(delayUntilNextPoll(usual, 0)).toBeCloseTo(27_000);
  expect(delayUntilNextPoll(usual, 0.5)).toBeCloseTo(30_000);
  expect(delayUntilNextPoll(usual, 1)).toBeCloseTo(33_000);
});

test('an interval of 0 waits for a wake-up', () => {
  expect(delayUntilNextPoll({ ...usual, pollInterval: 0 }, 0.5)).toBe(Number.POSITIVE_INFINITY);
});

test.each([
  [1, 500],
  [2, 1000],
  [4, 4000],
  [20, 15_000],
])('before the first set, failure %i is followed by a try after %i ms', (failures, delay) => {
  expect(delayUntilNextPoll({ ...usual, pollJitter: 0, failures, isPublished: false }, 0.5)).toBe(delay);
});

test.each([
  [1, 5000],
  [2, 10_000],
  [5, 80_000],
  [6, 120_000],
  [50, 120_000],
])('with a set, failure %i makes the next wait %i ms', (failures, delay) => {
  expect(delayUntilNextPoll({ ...usual, pollJitter: 0, failures }, 0.5)).toBe(delay);
});

test('a failed look that a wake-up asked for is repeated without another one', () => {
  expect(delayUntilNextPoll({ ...usual, pollInterval: 0, pollJitter: 0, failures: 1 }, 0.5)).toBe(5000);
});
