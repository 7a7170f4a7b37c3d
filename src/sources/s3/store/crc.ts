import type { Sum } from './sum.ts';

/** CRC-32C (Castagnoli). */
export function crc32c(): Sum {
  const table = Uint32Array.from({ length: 256 }, (_, index) => {
    let value = index;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
    return value;
  });
  let sum = -1;
  return {
    update: (chunk) => {
      let value = sum;
      for (let at = 0; at < chunk.length; at++) {
        value = (value >>> 8) ^ (table[(value ^ (chunk[at] ?? 0)) & 0xff] ?? 0);
      }
      sum = value;
    },
    text: () => base64([~sum]),
  };
}

/** CRC-64/NVME, in two halves: BigInt would cost twenty times as much. */
export function crc64nvme(): Sum {
  const highs = new Uint32Array(256);
  const lows = new Uint32Array(256);
  for (let index = 0; index < 256; index++) {
    let value = BigInt(index);
    for (let bit = 0; bit < 8; bit++) value = value & 1n ? (value >> 1n) ^ 0x9a6c9329ac4bc9b5n : value >> 1n;
    highs[index] = Number(value >> 32n);
    lows[index] = Number(value & 0xffffffffn);
  }
  let [high, low] = [-1, -1];
  return {
    update: (chunk) => {
      let [upper, lower] = [high, low];
      for (let at = 0; at < chunk.length; at++) {
        const index = (lower ^ (chunk[at] ?? 0)) & 0xff;
        lower = ((lower >>> 8) | (upper << 24)) ^ (lows[index] ?? 0);
        upper = (upper >>> 8) ^ (highs[index] ?? 0);
      }
      [high, low] = [upper, lower];
    },
    text: () => base64([~high, ~low]),
  };
}

function base64(words: readonly number[]): string {
  const bytes = Buffer.alloc(4 * words.length);
  for (const [index, word] of words.entries()) bytes.writeInt32BE(word, 4 * index);
  return bytes.toString('base64');
}
