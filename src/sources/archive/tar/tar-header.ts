import { ArchiveFault } from '../fault.ts';

export const blockSize = 512;

/** The fields of a header block that matter to a set. */
export interface TarHeader {
  /** One character; NUL is given as `0`. */
  readonly type: string;
  readonly name: Buffer;
  readonly linkName: Buffer;
  readonly mode: number;
  readonly size: number;
}

/** Undefined when the checksum is another: this is no header. */
export function decodeHeader(block: Buffer): TarHeader | undefined {
  if (!hasGoodChecksum(block)) return undefined;
  const name = text(block, 0, 100);
  // Only POSIX has a prefix; GNU and V7 have something else, or nothing, in its place.
  const prefix = block.toString('latin1', 257, 263) === 'ustar\0' ? text(block, 345, 155) : Buffer.alloc(0);
  return {
    type: block[156] === 0 ? '0' : block.toString('latin1', 156, 157),
    name: prefix.byteLength === 0 ? name : Buffer.concat([prefix, Buffer.from('/'), name]),
    linkName: text(block, 157, 100),
    mode: number(block, 100, 8),
    size: number(block, 124, 12),
  };
}

export function isZero(block: Buffer): boolean {
  return block.every((byte) => byte === 0);
}

/** Up to the first NUL. */
export function text(block: Buffer, start: number, length: number): Buffer {
  const field = block.subarray(start, start + length);
  const end = field.indexOf(0);
  return end === -1 ? field : field.subarray(0, end);
}

/** Octal digits; or, for what they cannot hold, a first bit of one and a big-endian number. */
function number(block: Buffer, start: number, length: number): number {
  const field = block.subarray(start, start + length);
  const first = field[0] ?? 0;
  if ((first & 0x80) !== 0) {
    // The sign bit is set, or it is beyond any file.
    const value = first === 0x80 ? Number(BigInt(`0x${field.subarray(1).toString('hex')}`)) : Number.NaN;
    if (Number.isSafeInteger(value)) return value;
    throw new ArchiveFault('has a header with a number that is out of range');
  }
  const digits = text(field, 0, length).toString('latin1').trim();
  if (!/^[0-7]*$/.test(digits)) throw new ArchiveFault('has a header with a damaged number');
  return digits === '' ? 0 : Number.parseInt(digits, 8);
}

/** The sum of all bytes, its own field counted as spaces; some old programs took the bytes as signed. */
function hasGoodChecksum(block: Buffer): boolean {
  const digits = text(block, 148, 8).toString('latin1').trim();
  if (!/^[0-7]+$/.test(digits)) return false;
  let unsigned = 8 * 0x20;
  let signed = unsigned;
  for (let at = 0; at < blockSize; at += 1) {
    if (at >= 148 && at < 156) continue;
    const byte = block[at] ?? 0;
    unsigned += byte;
    signed += byte < 0x80 ? byte : byte - 0x100;
  }
  const sum = Number.parseInt(digits, 8);
  return sum === unsigned || sum === signed;
}
