import { type Head, longestHead, WireError } from './head.ts';

/** Finds where a body ends (RFC 9112, section 6). */
export interface Framing {
  /** Gives on what of these bytes is content; the bytes after the end, or undefined while more is to come. Throws `WireError`. */
  feed(bytes: Buffer, give: (content: Buffer) => void): Buffer | undefined;
  /** Whether the end of the connection is the end of the body. */
  readonly endsWithConnection: boolean;
}

const nothing = Buffer.alloc(0);

/** What follows a head. Undefined: no body. */
export function framingOf({ status, headers }: Head, isHead: boolean): Framing | undefined {
  if (isHead || status === 204 || status === 304) return undefined;
  const coding = headers['transfer-encoding'];
  const length = headers['content-length'];
  if (coding !== undefined) {
    // Who else reads along on the way might believe the other one.
    if (length !== undefined)
      throw new WireError('HPE_INVALID_CONTENT_LENGTH', 'Content-Length with Transfer-Encoding');
    if (coding.toLowerCase() === 'chunked') return new Chunks();
    throw new WireError('HPE_INVALID_TRANSFER_ENCODING', `Transfer-Encoding ${JSON.stringify(coding)}`);
  }
  if (length === undefined) return untilTheEnd;
  if (!/^\d{1,15}$/.test(length)) throw new WireError('HPE_INVALID_CONTENT_LENGTH', 'Invalid Content-Length');
  return length === '0' ? undefined : new Counted(Number(length));
}

const untilTheEnd: Framing = {
  endsWithConnection: true,
  feed: (bytes, give) => {
    give(bytes);
    return undefined;
  },
};

class Counted implements Framing {
  readonly endsWithConnection = false;
  #left: number;

  constructor(length: number) {
    this.#left = length;
  }

  feed(bytes: Buffer, give: (content: Buffer) => void): Buffer | undefined {
    const taken = Math.min(bytes.byteLength, this.#left);
    if (taken > 0) give(taken === bytes.byteLength ? bytes : bytes.subarray(0, taken));
    this.#left -= taken;
    return this.#left === 0 ? bytes.subarray(taken) : undefined;
  }
}

/** `size[;extension]` CRLF content CRLF, again and again; a size of 0, trailers, and an empty line at the end. */
class Chunks implements Framing {
  readonly endsWithConnection = false;
  /** Bytes of the chunk that are still to come; `line` between two chunks. */
  #state: 'size' | 'content' | 'after' | 'trailers' = 'size';
  #left = 0;
  /** Of a line, what has come so far. */
  #line = '';
  #trailers = 0;

  feed(bytes: Buffer, give: (content: Buffer) => void): Buffer | undefined {
    let rest = bytes;
    while (rest.byteLength > 0) {
      if (this.#state === 'content') {
        const taken = Math.min(rest.byteLength, this.#left);
        give(rest.subarray(0, taken));
        this.#left -= taken;
        rest = rest.subarray(taken);
        if (this.#left === 0) this.#state = 'after';
        continue;
      }
      const end = rest.indexOf(0x0a);
      this.#line += rest.toString('latin1', 0, end === -1 ? rest.byteLength : end + 1);
      if (this.#line.length + this.#trailers > longestHead) {
        throw new WireError('HPE_HEADER_OVERFLOW', 'Header overflow');
      }
      if (end === -1) return undefined;
      rest = rest.subarray(end + 1);
      if (this.#takeLine()) return rest.byteLength === 0 ? nothing : rest;
    }
    return undefined;
  }

  /** True when it was the last. */
  #takeLine(): boolean {
    const line = this.#line;
    this.#line = '';
    if (!line.endsWith('\r\n')) throw new WireError('HPE_CR_EXPECTED', 'Missing CR');
    switch (this.#state) {
      case 'size': {
        const digits = /^([0-9a-fA-F]{1,12})[\t ]*(?:;[^\r\n\0]*)?\r\n$/.exec(line)?.[1];
        if (digits === undefined) throw new WireError('HPE_INVALID_CHUNK_SIZE', 'Invalid chunk size');
        this.#left = Number.parseInt(digits, 16);
        this.#state = this.#left === 0 ? 'trailers' : 'content';
        return false;
      }
      case 'after':
      case 'content':
        if (line !== '\r\n') throw new WireError('HPE_STRICT', 'Expected LF after chunk data');
        this.#state = 'size';
        return false;
      case 'trailers':
        this.#trailers += line.length;
        return line === '\r\n';
    }
  }
}
