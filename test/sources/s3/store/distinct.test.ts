import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Distinct } from '../../../../src/sources/s3/store/distinct.ts';

test('what comes twice is told, in whatever order and pages it comes', () => {
  const item = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 3 }),
    fc.constantFrom('\ud800', 'a\0b', '"', '\n'),
  );
  fc.assert(
    fc.property(fc.array(fc.array(item)), fc.boolean(), (pages, isSorted) => {
      const distinct = new Distinct();
      const seen = new Set<string>();
      for (const page of isSorted ? pages.map((one) => one.toSorted()) : pages) {
        for (const one of page) {
          expect(distinct.add(one)).toBe(!seen.has(one));
          seen.add(one);
        }
        distinct.pack();
      }
    }),
  );
});
