import { crc32 } from 'node:zlib';
import { type Content, contentOf, digest } from './content.ts';

export type ChecksumAlgorithm = 'sha256' | 'sha1' | 'crc32' | 'crc32c' | 'crc64nvme';

export interface Checksum {
  readonly algorithm: ChecksumAlgorithm;
  /** As the header has it. */
  readonly value: string;
  readonly type: 'FULL_OBJECT' | 'COMPOSITE';
}

export function fullChecksum(algorithm: ChecksumAlgorithm, content: Content): Checksum {
  return { algorithm, value: compute(algorithm, content).toString('base64'), type: 'FULL_OBJECT' };
}

/** The checksum of the parts' checksums, as of an upload in parts. */
export function compositeChecksum(algorithm: ChecksumAlgorithm, parts: readonly Content[]): Checksum {
  const sums = Buffer.concat(parts.map((part) => compute(algorithm, part)));
  const value = compute(algorithm, contentOf(sums)).toString('base64');
  return { algorithm, value: `${value}-${parts.length}`, type: 'COMPOSITE' };
}

function compute(algorithm: ChecksumAlgorithm, content: Content): Buffer {
  switch (algorithm) {
    case 'sha256':
    case 'sha1':
      return digest(content, algorithm);
    case 'crc32': {
      let value = 0;
      for (const bytes of content.read(0, content.size)) value = crc32(bytes, value);
      return bigEndian(BigInt(value), 4);
    }
    case 'crc32c':
      return bigEndian(crc(content, 0x82f63b78n, 32n), 4);
    case 'crc64nvme':
      return bigEndian(crc(content, 0x9a6c9329ac4bc9b5n, 64n), 8);
    default:
      return algorithm satisfies never;
  }
}

/** Any reflected CRC; slow, but plainly right. */
function crc(content: Content, polynomial: bigint, width: bigint): bigint {
  const ones = (1n << width) - 1n;
  const table = Array.from({ length: 256 }, (_, index) => {
    let value = BigInt(index);
    for (let bit = 0; bit < 8; bit += 1) value = value & 1n ? (value >> 1n) ^ polynomial : value >> 1n;
    return value;
  });
  let value = ones;
  for (const bytes of content.read(0, content.size)) {
    for (const byte of bytes) value = (value >> 8n) ^ (table[Number(value & 0xffn) ^ byte] ?? 0n);
  }
  return value ^ ones;
}

function bigEndian(value: bigint, size: number): Buffer {
  return Buffer.from(value.toString(16).padStart(size * 2, '0'), 'hex');
}
