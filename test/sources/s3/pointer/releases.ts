import fc from 'fast-check';
import type { Named, Release } from '../../../../src/sources/s3/pointer/document.ts';

export const name = { setting: 'WHERRY_S3_POINTER', display: 'the pointer "current" in s3://b' };
export const sum = 'a'.repeat(64);

export function releaseOf(files: readonly Named[], more: Partial<Release> = {}): Release {
  return {
    rev: 'r1',
    createdAt: '2026-11-22T23:59:59.000Z',
    message: undefined,
    previous: undefined,
    releases: undefined,
    content: { kind: 'files', files },
    ...more,
  };
}

const rev = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._:+-]{0,20}$/);
const sha256 = fc.stringMatching(/^[0-9a-f]{64}$/);
const key = fc.stringMatching(/^[ -~]{1,40}[^/]$/).filter((text) => !/^s3:\/\//i.test(text));
const text = fc.string({ unit: 'grapheme', maxLength: 20 });
const size = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });

const named: fc.Arbitrary<Named> = fc.oneof(
  fc.record({
    kind: fc.constant('file' as const),
    path: text,
    key,
    sha256,
    size,
    executable: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('link' as const), path: text, target: text.filter((to) => to !== '') }),
);

/** Any release that can be written. */
export const anyRelease: fc.Arbitrary<Release> = fc.record({
  rev,
  createdAt: fc
    .date({ min: new Date('1970-01-01'), max: new Date('9999-01-01'), noInvalidDate: true })
    .map((date) => date.toISOString()),
  message: maybe(text),
  previous: maybe(rev),
  releases: maybe(key.map((prefix) => `${prefix}/`)),
  content: fc.oneof(
    fc.record({ kind: fc.constant('files' as const), files: fc.array(named, { maxLength: 5 }) }),
    fc.record({
      kind: fc.constant('archive' as const),
      key,
      sha256,
      size,
      versionId: maybe(fc.stringMatching(/^[!-~]{1,30}$/)),
    }),
    fc.record({ kind: fc.constant('manifest' as const), key, sha256 }),
  ),
});
