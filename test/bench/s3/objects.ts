import { createHash } from 'node:crypto';

/** Objects that lie in a bench's bucket; their content is made when it is asked for. */
export type ObjectSet =
  /** Keys below a prefix, a hundred a directory. */
  | { readonly kind: 'many'; readonly prefix: string; readonly count: number; readonly size: number }
  | { readonly kind: 'one'; readonly key: string; readonly size: number }
  /** The content of a file on disk: of the first one, and with each change of the next. */
  | { readonly kind: 'file'; readonly key: string; readonly paths: readonly string[] };

/** The key of the n-th object of many, in the order of a listing. */
export function keyOf(prefix: string, index: number): string {
  const part = String(Math.floor(index / 100)).padStart(4, '0');
  return `${prefix}part-${part}/file-${String(index).padStart(6, '0')}.yaml`;
}

/** One kind of content: lines that name the key, repeated up to the size. */
export class Content {
  readonly size: number;
  readonly etag: string;
  readonly #block: Buffer;

  constructor(key: string, size: number, version = 0) {
    const line = `# object: ${key}, version ${version}\n`;
    this.size = size;
    // Whole lines, so that blocks follow upon each other without a seam.
    this.#block = Buffer.from(line.repeat(Math.ceil(Math.min(size, blockSize) / line.length)));
    this.etag = size <= blockSize ? md5(this.#block.subarray(0, size)) : `${md5(line)}-${size}`;
  }

  /** The bytes from `start` up to `end`. */
  *read(start = 0, end = this.size): Generator<Buffer> {
    for (let at = start; at < end; ) {
      const inside = at % this.#block.byteLength;
      const length = Math.min(this.#block.byteLength - inside, end - at);
      yield this.#block.subarray(inside, inside + length);
      at += length;
    }
  }
}

const blockSize = 64 * 1024;

function md5(content: string | Uint8Array): string {
  return createHash('md5').update(content).digest('hex');
}
