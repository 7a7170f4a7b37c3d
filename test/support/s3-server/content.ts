import { createHash } from 'node:crypto';

/** The bytes of an object; a large one is made as it is read. */
export interface Content {
  readonly size: number;
  /** From `start` up to, and without, `end`. */
  read(start: number, end: number): Iterable<Uint8Array>;
}

export function contentOf(value: string | Uint8Array): Content {
  const bytes = Buffer.from(value);
  return {
    size: bytes.byteLength,
    *read(start, end) {
      if (end > start) yield bytes.subarray(start, end);
    },
  };
}

const blockSize = 64 * 1024;

/** So many bytes, always the same ones, that take no memory. */
export function generated(size: number, seed = 'generated'): Content {
  const block = Buffer.concat(
    Array.from({ length: blockSize / 32 }, (_, index) =>
      createHash('sha256').update(`${seed}${index}`).digest(),
    ),
  );
  return {
    size,
    *read(start, end) {
      for (let at = start; at < end; ) {
        const from = at % blockSize;
        const to = Math.min(blockSize, from + end - at);
        yield block.subarray(from, to);
        at += to - from;
      }
    },
  };
}

export function digest(content: Content, algorithm: 'md5' | 'sha1' | 'sha256'): Buffer {
  const hash = createHash(algorithm);
  for (const bytes of content.read(0, content.size)) hash.update(bytes);
  return hash.digest();
}
