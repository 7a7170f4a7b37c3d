import { expect, test } from 'vitest';
import { checkGuardRails, type GuardRails } from '../../src/snapshot/guard-rails.ts';
import { file } from './entries.ts';

const open: GuardRails = {
  maxFiles: 10,
  maxDelete: 1,
  require: [],
  allowEmpty: false,
  refuseCollapse: false,
  kept: [],
};
const published = new Set(['a', 'b', 'c', 'd']);

test.each<[string, string[], Partial<GuardRails>]>([
  ['WHERRY_ALLOW_EMPTY: the set is empty', [], {}],
  ['WHERRY_MAX_FILES: the set has 3 files, more than 2', ['a', 'b', 'c'], { maxFiles: 2 }],
  ['WHERRY_REQUIRE: the set lacks "x", "y"', ['a'], { require: ['x', 'a', 'y'] }],
  [
    'WHERRY_MAX_DELETE: the set drops 2 of the 4 published files, more than 25%',
    ['a', 'b'],
    { maxDelete: 0.25 },
  ],
  [
    'WHERRY_ALLOW_EMPTY: the listing has 1 file where 4 are published, less than half',
    ['a'],
    { refuseCollapse: true },
  ],
  [
    'WHERRY_SENTINEL: the set has the name "s", which is kept for "s/reload"',
    ['a', 's/x'],
    { kept: [{ setting: 'WHERRY_SENTINEL', path: 's/reload' }] },
  ],
])('refuses: %s', (message, paths, rails) => {
  const entries = paths.map((path) => file(path));
  expect(() => checkGuardRails(entries, published, { ...open, ...rails })).toThrow(message);
});

test.each<[string, string[], Partial<GuardRails>]>([
  ['an empty set that is allowed', [], { allowEmpty: true }],
  ['a listing that lost half', ['a', 'b'], { refuseCollapse: true }],
  ['a set at the limits', ['a', 'b', 'c'], { maxFiles: 3, maxDelete: 0.25, require: ['./a'] }],
])('lets through %s', (_, paths, rails) => {
  const entries = paths.map((path) => file(path));
  expect(() => checkGuardRails(entries, published, { ...open, ...rails })).not.toThrow();
});
