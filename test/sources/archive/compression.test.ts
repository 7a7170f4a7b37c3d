import { randomBytes } from 'node:crypto';
import { constants, gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { RefusedError } from '../../../src/failure/failure.ts';
import type { ArchiveFormat } from '../../../src/sources/archive/format.ts';
import { listBytes, packZip, readTree, tarEnd, tarEntry } from '../../support/archives.ts';
import { failureOf } from '../../support/calls.ts';

const content = randomBytes(150_000).toString('hex');
const tar = Buffer.concat([tarEntry({ name: 'a' }, content), tarEnd]);
const withChecksum = { params: { [constants.ZSTD_c_checksumFlag]: 1 } };
const packed = {
  'tar.gz': gzipSync(tar),
  'tar.zst': zstdCompressSync(tar, withChecksum),
} as const;
const formats = ['tar.gz', 'tar.zst'] as const;

async function refusal(bytes: Buffer, format: ArchiveFormat): Promise<string> {
  const failure = await failureOf(listBytes(bytes, { format }));
  expect(failure).toBeInstanceOf(RefusedError);
  return failure.message;
}

describe.each(formats)('a %s', (format) => {
  const whole = packed[format];

  test('is read', async () => {
    expect(await readTree(whole, { format })).toEqual({ a: content });
  });

  test('of several compressed parts is read', async () => {
    const compress = format === 'tar.gz' ? gzipSync : zstdCompressSync;
    const parts = [tar.subarray(0, 700), tar.subarray(700, 90_000), tar.subarray(90_000)];
    expect(await readTree(Buffer.concat(parts.map((part) => compress(part))), { format })).toEqual({
      a: content,
    });
  });

  test.each([10, 1000, whole.byteLength - 1])('cut after %i bytes is refused', async (length) => {
    expect(await refusal(whole.subarray(0, length), format)).toContain('is damaged or cut short');
  });

  test('with a wrong checksum is refused', async () => {
    const damaged = Buffer.from(whole);
    const at = damaged.byteLength - (format === 'tar.gz' ? 8 : 1);
    damaged[at] = (damaged[at] ?? 0) ^ 1;
    expect(await refusal(damaged, format)).toContain('is damaged or cut short');
  });

  test.each([1, 5000, 200_000])('with %i bytes after it is refused', async (size) => {
    const garbage = Buffer.concat([whole, Buffer.alloc(size, 'g')]);
    expect(await refusal(garbage, format)).toMatch(/is damaged|bytes of something else after/);
  });

  test('that holds no tar is refused', async () => {
    const compress = format === 'tar.gz' ? gzipSync : zstdCompressSync;
    const page = compress('<!DOCTYPE html><html></html>'.padEnd(1024));
    expect(await refusal(page, format)).toContain('holds an HTML page, where its name says a tar archive');
    expect(await refusal(compress(''), format)).toContain('is cut short');
    expect(await refusal(compress('short'), format)).toContain('is cut short');
  });
});

test('a tar.zst may begin with a frame to be passed over, as pzstd writes it', async () => {
  const skipped = Buffer.from('502a4d1804000000a6a22e00', 'hex');
  const halves = [tar.subarray(0, 90_000), tar.subarray(90_000)];
  const bytes = Buffer.concat(halves.flatMap((half) => [skipped, zstdCompressSync(half)]));
  expect(await readTree(bytes, { format: 'tar.zst' })).toEqual({ a: content });
});

describe('content of another kind than its name says', () => {
  const others: readonly (readonly [string, Buffer, string])[] = [
    ['nothing', Buffer.alloc(0), 'nothing: it is empty'],
    ['a page', Buffer.from('\n<!DOCTYPE html><html><body>Please log in</body></html>'), 'an HTML page'],
    ['an error', Buffer.from('<?xml version="1.0"?><Error><Code>SlowDown</Code></Error>'), 'an XML document'],
    ['JSON', Buffer.from('{"message":"no"}'), 'JSON'],
    ['text', Buffer.from('version https://git-lfs.github.com/spec/v1\n'), 'plain text'],
    ['bzip2', Buffer.from('BZh91AY&SY'), 'bzip2 data'],
    ['xz', Buffer.from('fd377a585a000004', 'hex'), 'xz data'],
  ];

  test.each(others)('refuses the set, and says that %s came', async (_, bytes, what) => {
    for (const format of ['tar', 'tar.gz', 'tar.zst', 'zip'] as const) {
      const message = await refusal(bytes, format);
      expect(message, format).toContain(`the archive "set.${format}" holds ${what}, where its name says`);
    }
  });

  test('is told from every other kind of archive', async () => {
    const kinds = { ...packed, tar, zip: packZip({ name: 'a' }) };
    const names = {
      tar: 'a tar archive',
      'tar.gz': 'gzip data',
      'tar.zst': 'zstd data',
      zip: 'a zip archive',
    };
    for (const format of ['tar', 'tar.gz', 'tar.zst', 'zip'] as const) {
      for (const other of ['tar', 'tar.gz', 'tar.zst', 'zip'] as const) {
        if (format === other) continue;
        expect(await refusal(kinds[other], format)).toContain(
          `holds ${names[other]}, where its name says ${names[format]}`,
        );
      }
    }
  });
});
