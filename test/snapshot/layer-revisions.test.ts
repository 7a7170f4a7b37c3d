import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Revision } from '../../src/snapshot/entry.ts';
import { joinRevisions, splitRevisions } from '../../src/snapshot/layer-revisions.ts';

const name = fc.stringMatching(/^[a-z][a-z0-9]{0,5}(-[a-z0-9]{1,5})?$/);
const revision = fc.string({ minLength: 1, unit: 'binary' }).map((text) => text as Revision);

test('the revisions of layers survive being joined and split, in order', () => {
  const layers = fc.uniqueArray(fc.tuple(name, revision), { selector: ([key]) => key, minLength: 1 });
  fc.assert(
    fc.property(layers, (all) => {
      expect([...(splitRevisions(joinRevisions(all)) ?? [])]).toEqual(all);
    }),
  );
});

test('what is read as something else is encoded, and nothing more', () => {
  const all = [
    ['base', '3f2a' as Revision],
    ['site', 'etag:"a=b,c%d"@2026' as Revision],
  ] as const;
  expect(joinRevisions(all)).toBe('base=3f2a,site=etag:"a%3Db%2Cc%25d"@2026');
});

test.each(['', 'main', '=x', 'base=', 'base=a,base=b', 'base=a,', 'base=a=b', 'Base=a', 'base=%41'])(
  '%j is no revision of layers',
  (text) => {
    expect(splitRevisions(text)).toBeUndefined();
  },
);
