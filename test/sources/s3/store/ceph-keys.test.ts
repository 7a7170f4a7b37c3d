import { describe, expect, test } from 'vitest';
import { bucket, hasCeph } from '../../../support/ceph.ts';
import { cephStore, listOf, textOf } from '../../../support/ceph-store.ts';
import { fill } from '../../../support/s3-fill.ts';

const oddKeys = [
  'a b',
  ' a ',
  'a+b',
  'a%2Fb',
  '100%',
  'ü/é/e\u0301',
  '日本/😀',
  'a//b',
  '//a',
  '/a',
  'a/',
  '.',
  '..',
  'x/../y',
  '../../other/key',
  './z',
  'a?b=c&d#e',
  "!'()*~",
  '<&>"',
  'back\\slash',
  'a:b;c=d@e$f,g',
  'tab\t',
  'bell\x07',
  'del\x7f',
  'cr\rlf\ncrlf\r\n',
  'key.ending.with.dot.',
  `${'x'.repeat(1004)}`,
  `${'ü'.repeat(512)}`,
];

describe.skipIf(!hasCeph)('the keys of a bucket of Ceph', () => {
  test('are listed and read as they were written, the odd ones too', async () => {
    const made = await bucket();
    await made.writer.putAll(oddKeys);
    const store = cephStore(made);
    const listed = (await listOf(store)).map(({ key }) => key);
    expect(listed.toSorted()).toEqual(oddKeys.toSorted());
    for (const key of oddKeys) expect(await textOf(store, key)).toBe(key);
  });

  test('below an odd prefix are listed, and those of its siblings are not', async () => {
    const made = await bucket();
    const prefixes = ['a b/', 'a+b/', 'a%20b/', 'ü&/', '../x/', 'a//'];
    await made.writer.putAll(prefixes.map((prefix) => `${prefix}key`));
    const store = cephStore(made);
    for (const prefix of prefixes) {
      expect((await listOf(store, prefix)).map(({ key }) => key)).toEqual([`${prefix}key`]);
    }
  });

  test('are each listed once, more than three pages of them', async () => {
    const made = await bucket();
    const keys = Array.from({ length: 3001 }, (_, index) => `many/${index.toString(36)}`);
    await fill(made, keys);
    const store = cephStore(made);
    const listed = (await listOf(store, 'many/')).map(({ key }) => key);
    expect(listed.length).toBe(3001);
    expect(new Set(listed)).toEqual(new Set(keys));
  });
});
