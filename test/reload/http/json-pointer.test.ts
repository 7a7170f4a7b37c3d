import { expect, test } from 'vitest';
import { valueAt } from '../../../src/reload/http/json-pointer.ts';

/** The document of RFC 6901, section 5. */
const document = JSON.stringify({
  foo: ['bar', 'baz'],
  '': 0,
  'a/b': 1,
  'c%d': 2,
  'e^f': 3,
  'g|h': 4,
  'i\\j': 5,
  'k"l': 6,
  ' ': 7,
  'm~n': 8,
});

test.each<[string, unknown]>([
  ['', JSON.parse(document)],
  ['/foo', ['bar', 'baz']],
  ['/foo/0', 'bar'],
  ['/', 0],
  ['/a~1b', 1],
  ['/c%d', 2],
  ['/e^f', 3],
  ['/g|h', 4],
  ['/i\\j', 5],
  ['/k"l', 6],
  ['/ ', 7],
  ['/m~0n', 8],
  ['/foo/2', undefined],
  ['/foo/-', undefined],
  ['/foo/01', undefined],
  ['/foo/length', undefined],
  ['/foo/0/x', undefined],
  ['/toString', undefined],
  ['/__proto__', undefined],
])('%j', (pointer, value) => {
  expect(valueAt(document, pointer)).toEqual(value);
});

test('~01 is ~1, not a slash', () => {
  expect(valueAt('{"~1": 1, "/": 2}', '/~01')).toBe(1);
});

test('null is a value', () => {
  expect(valueAt('{"a": null}', '/a')).toBeNull();
});

test('a text that is no JSON has none', () => {
  expect(() => valueAt('<html>', '/a')).toThrow(SyntaxError);
});
