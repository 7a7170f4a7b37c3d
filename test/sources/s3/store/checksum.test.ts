import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkOf } from '../../../../src/sources/s3/store/checksum.ts';
import { crc32c, crc64nvme } from '../../../../src/sources/s3/store/crc.ts';
import { type ChecksumAlgorithm, fullChecksum } from '../../../support/s3-server/checksums.ts';
import { contentOf } from '../../../support/s3-server/content.ts';

const md5 = '900150983cd24fb0d6963f7d28e17f72';

function sumOf(sum: { update(chunk: Uint8Array): void; text(): string }, ...chunks: Uint8Array[]): string {
  for (const chunk of chunks) sum.update(chunk);
  return sum.text();
}

test.each([
  ['crc32c', crc32c, 'e3069283'],
  ['crc64nvme', crc64nvme, 'ae8b14860a799888'],
])('%s of the digits is the published one', (_, make, expected) => {
  const sum = sumOf(make(), Buffer.from('1234'), Buffer.from('56789'));
  expect(Buffer.from(sum, 'base64').toString('hex')).toBe(expected);
});

test.each<ChecksumAlgorithm>(['crc32', 'crc32c', 'crc64nvme', 'sha1', 'sha256'])(
  '%s of any bytes in any pieces is what a store computes',
  async (algorithm) => {
    const any = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(any, async (pieces) => {
        const { value } = fullChecksum(algorithm, contentOf(Buffer.concat(pieces)));
        const check = await checkOf({ [`x-amz-checksum-${algorithm}`]: value }, 'opaque-2');
        expect(check?.expected).toBe(value);
        expect(check && sumOf(check.sum, ...pieces)).toBe(value);
      }),
      { numRuns: 50 },
    );
  },
);

describe('of several sums the cheapest is compared', () => {
  const crc = { 'x-amz-checksum-crc64nvme': 'rosUhgp5mIg=' };

  test('the MD5 of an ETag before a sum in JavaScript', async () => {
    expect((await checkOf(crc, md5))?.name).toBe('MD5 (ETag)');
  });

  test('a native one before the MD5', async () => {
    expect((await checkOf({ 'x-amz-checksum-crc32': 'y/Q5Jg==' }, md5))?.name).toBe('CRC32');
  });

  test('the one in JavaScript for an object in parts', async () => {
    expect((await checkOf({ ...crc, 'x-amz-checksum-type': 'FULL_OBJECT' }, `${md5}-2`))?.name).toBe(
      'CRC64NVME',
    );
  });
});

describe('nothing is compared', () => {
  test.each<[string, Record<string, string>, string]>([
    ['with an ETag of parts', {}, `${md5}-2`],
    ['with a sum of sums', { 'x-amz-checksum-sha256': 'AAAA-2' }, `${md5}-2`],
    [
      'with a sum that is said to be one of sums',
      { 'x-amz-checksum-crc32': 'y/Q5Jg==', 'x-amz-checksum-type': 'COMPOSITE' },
      `${md5}-2`,
    ],
    ['with an unknown sum', { 'x-amz-checksum-xxhash64': 'AAAA' }, 'opaque'],
    ['with a key of KMS', { 'x-amz-server-side-encryption': 'aws:kms' }, md5],
    ['with a customer’s key', { 'x-amz-server-side-encryption-customer-algorithm': 'AES256' }, md5],
  ])('%s', async (_, headers, etag) => {
    expect(await checkOf(headers, etag)).toBeUndefined();
  });

  test('but the MD5 of what S3 encrypts by itself is', async () => {
    expect((await checkOf({ 'x-amz-server-side-encryption': 'AES256' }, md5))?.name).toBe('MD5 (ETag)');
  });
});
