import { describe, expect, test } from 'vitest';
import { archiveFormatOf } from '../../../src/sources/archive/format.ts';

describe('the format of an archive', () => {
  test.each([
    ['a.tar', 'tar'],
    ['a.tar.gz', 'tar.gz'],
    ['releases/2026.11.22/set.tgz', 'tar.gz'],
    ['a.tar.zst', 'tar.zst'],
    ['a.tzst', 'tar.zst'],
    ['A.ZIP', 'zip'],
    ['a.Tar.Gz', 'tar.gz'],
    ['a.gz', undefined],
    ['tar', undefined],
    ['a.tar.bz2', undefined],
    ['a.zip/b.yaml', undefined],
  ])('of %s is %s', (key, format) => {
    expect(archiveFormatOf(key)).toBe(format);
  });
});
