import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cloneNameOf, passingSuffix } from '../../../src/sources/git/clone-names.ts';

test('a clone is called the same at every start, by a name that tells nothing of the address', () => {
  expect(cloneNameOf('')).toBe('repo-cbf29ce484222325');
  expect(cloneNameOf('https://user:secret@git.example.com/a.git')).toMatch(/^repo-[0-9a-f]{16}$/);
  expect(cloneNameOf('a')).toBe('repo-af63dc4c8601ec8c');
});

test('other addresses have other names', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (one, other) => {
      expect(cloneNameOf(one) === cloneNameOf(other)).toBe(one === other);
    }),
  );
});

test('half-made clones are told apart', () => {
  const suffixes = Array.from({ length: 1000 }, passingSuffix);
  expect(new Set(suffixes).size).toBe(1000);
  expect(suffixes.every((suffix) => /^[0-9a-z]{8}$/.test(suffix))).toBe(true);
});
