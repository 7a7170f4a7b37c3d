import { expect, test } from 'vitest';
import { quietTime } from '../../../src/sources/directory/quiet-time.ts';

const now = 1_700_000_000_250;
const plain = { root: '/data', isAtomic: false };

test.each([
  ['nothing in it', [], 0],
  ['a file of yesterday', [{ age: 86_400_000, isCoarse: false }], 0],
  ['a file of just now', [{ age: 100, isCoarse: false }], 500],
  ['a file of a time to come', [{ age: -5000, isCoarse: false }], 500],
  [
    'a file of just now among old ones',
    [
      { age: 9000, isCoarse: false },
      { age: 1, isCoarse: false },
    ],
    500,
  ],
  ['a file of this second by a coarse clock', [{ age: 250, isCoarse: true }], 2500],
  [
    'a file of a second that is over by this clock, but perhaps not by that one',
    [{ age: 4250, isCoarse: true }],
    2500,
  ],
  ['a file of yesterday by a coarse clock', [{ age: 86_400_250, isCoarse: true }], 0],
] as const)('with %s', (_, files, wait) => {
  const found = files.map(({ age, isCoarse }) => ({ changedAt: now - age, isCoarse }));
  expect(quietTime({ place: plain, found }, now)).toBe(wait);
  expect(quietTime({ place: { ...plain, isAtomic: true }, found }, now)).toBe(0);
});
