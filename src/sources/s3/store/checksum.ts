import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Sum } from './sum.ts';

/** What the store says of the whole object, and how to see whether it is so. */
export interface Check {
  /** In words: `CRC64NVME`, `MD5 (ETag)`. */
  readonly name: string;
  readonly expected: string;
  readonly sum: Sum;
}

/** The native ones first: those in JavaScript cost ten times as much. */
const native = ['crc32', 'sha1', 'sha256'] as const;
const scripted = ['crc64nvme', 'crc32c'] as const;

/** The check that an answer allows at the least cost; undefined when it says nothing of the whole object that is known here. */
export async function checkOf(headers: IncomingHttpHeaders, etag: string): Promise<Check | undefined> {
  for (const name of native) {
    const expected = fullObject(headers, name);
    const sum = expected === undefined ? undefined : await nativeSum(name);
    if (expected !== undefined && sum !== undefined) return { name: name.toUpperCase(), expected, sum };
  }
  const md5 = isMd5(headers, etag) ? hashSum('md5', 'hex') : undefined;
  if (md5 !== undefined) return { name: 'MD5 (ETag)', expected: etag, sum: md5 };
  for (const name of scripted) {
    const expected = fullObject(headers, name);
    if (expected === undefined) continue;
    const { crc32c, crc64nvme } = await import('./crc.ts');
    return { name: name.toUpperCase(), expected, sum: name === 'crc32c' ? crc32c() : crc64nvme() };
  }
  return undefined;
}

/** A checksum of checksums (`…-3`) cannot be had from the bytes alone. */
function fullObject(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[`x-amz-checksum-${name}`];
  if (typeof value !== 'string' || headers['x-amz-checksum-type'] === 'COMPOSITE') return undefined;
  return /^[A-Za-z0-9+/]+={0,2}$/.test(value) ? value : undefined;
}

/** Of an object in one part, without a key of KMS or the customer's, the ETag is the MD5 of its bytes. */
function isMd5(headers: IncomingHttpHeaders, etag: string): boolean {
  if (!/^[0-9a-f]{32}$/.test(etag)) return false;
  const encryption = headers['x-amz-server-side-encryption'];
  const isPlain = encryption === undefined || encryption === 'AES256';
  return isPlain && headers['x-amz-server-side-encryption-customer-algorithm'] === undefined;
}

async function nativeSum(name: (typeof native)[number]): Promise<Sum | undefined> {
  if (name !== 'crc32') return hashSum(name, 'base64');
  const { crc32 } = await import('node:zlib');
  let sum = 0;
  return {
    update: (chunk) => {
      sum = crc32(chunk, sum);
    },
    text: () => {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32BE(sum);
      return bytes.toString('base64');
    },
  };
}

/** Undefined where the system's policy has no such digest: MD5, in FIPS mode. */
function hashSum(algorithm: string, encoding: 'hex' | 'base64'): Sum | undefined {
  try {
    const hash = createHash(algorithm);
    return { update: (chunk) => void hash.update(chunk), text: () => hash.digest(encoding) };
  } catch {
    return undefined;
  }
}
