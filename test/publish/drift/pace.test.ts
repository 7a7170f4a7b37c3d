import { expect, test } from 'vitest';
import { Pace, pathLadder, wholeLadder } from '../../../src/publish/drift/pace.ts';

/** Repairs as soon as it may, for so long: what a writer that never rests brings about. */
function fight(pace: Pace, until: number): readonly number[] {
  const repairs: number[] = [];
  for (let now = 0; now <= until; now += 100) {
    if (pace.from('a', now) > now) continue;
    pace.repaired('a', now);
    repairs.push(now);
  }
  return repairs;
}

test('the first repair is at once, and each that follows later, up to five minutes', () => {
  expect(fight(new Pace(pathLadder), 1_200_000)).toEqual([
    0, 1000, 6000, 36_000, 96_000, 396_000, 696_000, 996_000,
  ]);
});

test('an hour of fighting is some twenty repairs', () => {
  expect(fight(new Pace(pathLadder), 3_600_000).length).toBeLessThan(20);
});

test('the third repair of a row says that it is contested, once', () => {
  const pace = new Pace(pathLadder);
  expect([0, 1000, 3000, 9000, 40_000].map((now) => pace.repaired('a', now))).toEqual([
    false,
    false,
    true,
    false,
    false,
  ]);
  expect(pace.contested(40_000)).toEqual([{ key: 'a', repairs: 5, until: 340_000 }]);
});

test('what was well for a while begins a new row', () => {
  const pace = new Pace(pathLadder);
  for (const now of [0, 1000, 3000]) pace.repaired('a', now);
  expect(pace.from('a', 3001)).toBe(33_000);
  const later = 33_000 + 30_000 + 60_001;
  expect(pace.from('a', later)).toBe(later);
  expect(pace.contested(later)).toEqual([]);
  expect(pace.repaired('a', later)).toBe(false);
});

test('one path does not hold up another', () => {
  const pace = new Pace(pathLadder);
  for (const now of [0, 1, 2]) pace.repaired('a', now);
  expect(pace.from('b', 3)).toBe(3);
});

test('rows that are over take no memory', () => {
  const pace = new Pace(pathLadder);
  for (let index = 0; index < 100; index += 1) pace.repaired(String(index), 0);
  pace.tidy(1_000_000);
  expect(pace.contested(1_000_000)).toEqual([]);
});

test('all together may be repaired often at first, and never more than twice a minute in the long run', () => {
  const repairs = fight(new Pace(wholeLadder), 600_000);
  expect(repairs.slice(0, 4)).toEqual([0, 100, 200, 300]);
  expect(repairs.filter((at) => at > 300_000).length).toBeLessThanOrEqual(10);
});
