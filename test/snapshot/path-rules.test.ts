import { normalize } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RefusedError } from '../../src/failure/failure.ts';
import type { Entry } from '../../src/snapshot/entry.ts';
import { checkCoexistence, parsePath } from '../../src/snapshot/path-rules.ts';
import { file } from './entries.ts';

describe('a path of a source', () => {
  test.each([
    'a',
    'a/b',
    '.hidden',
    '-rf',
    'a b',
    'line\nbreak',
    '"quoted"',
    'back\\slash',
    'ü/✓',
    ':(glob)*',
    'a/..b',
  ])('%j is kept as it is', (path) => {
    expect(parsePath(path)).toBe(path);
    expect(parsePath(Buffer.from(path))).toBe(path);
  });

  test.each([
    ['', 'is empty'],
    ['/etc/passwd', 'is absolute'],
    ['a/../../b', 'has the element ".."'],
    ['../a', 'starts with ".."'],
    ['..data', 'starts with ".."'],
    ['a//b', 'has an empty element'],
    ['a/', 'has an empty element'],
    ['./a', 'has the element "."'],
    ['a\0b', 'holds a NUL byte'],
    ['x'.repeat(256), 'has a name longer than 255 bytes'],
    ['ü'.repeat(128), 'has a name longer than 255 bytes'],
    ['.wherry.json', 'manifest'],
    ['.wherry-generations', 'which the target keeps for itself'],
    ['.wherry-generations/a', 'which the target keeps for itself'],
  ])('%j refuses the set', (path, fault) => {
    expect(() => parsePath(path)).toThrow(RefusedError);
    expect(() => parsePath(path)).toThrow(fault);
  });

  test('that is not UTF-8 refuses the set', () => {
    expect(() => parsePath(Uint8Array.of(0x61, 0xff))).toThrow('is not UTF-8');
  });

  test('that is accepted never leaves the directory that it is joined to', () => {
    const element = fc.oneof(fc.constantFrom('..', '.', '', 'a', '..b'), fc.string({ maxLength: 5 }));
    fc.assert(
      fc.property(fc.array(element, { minLength: 1, maxLength: 6 }), (elements) => {
        const path = elements.join('/');
        try {
          parsePath(path);
        } catch {
          return;
        }
        expect(normalize(`/set/${path}`)).toBe(`/set/${path}`);
      }),
    );
  });
});

describe('paths that cannot both exist', () => {
  test.each<[string, Entry[]]>([
    ['"a/b" cannot exist beside "a", which is a file', [file('a'), file('a/b')]],
    ['"a/b/c" cannot exist beside "a", which is a file', [file('a/b/c'), file('a')]],
    ['"a" is in the set twice', [file('a'), file('a')]],
  ])('refuse the set: %s', (message, entries) => {
    expect(() => checkCoexistence(entries)).toThrow(message);
  });

  test('are not those that only look alike', () => {
    expect(() => checkCoexistence([file('a'), file('a.b'), file('ab/c'), file('a-/d')])).not.toThrow();
  });
});
