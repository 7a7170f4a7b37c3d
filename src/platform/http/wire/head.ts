import type { Headers } from '../exchange.ts';

/** The first lines of an answer. */
export interface Head {
  readonly status: number;
  readonly headers: Headers;
  /** `1.1`; others keep no connection unless they say so. */
  readonly version: string;
}

/** Longer ones are no answer of an honest server; Node.js has the same limit. Bytes. */
export const longestHead = 16_384;

/** The bytes are not what HTTP/1.1 allows (RFC 9112). The codes are those of Node.js' own parser. */
export class WireError extends Error {
  readonly code: string;

  constructor(code: string, words: string) {
    super(`Parse Error: ${words}`);
    this.code = code;
  }
}

const statusLine = /^HTTP\/(0\.9|1\.0|1\.1|2\.0) (\d{3})(?: [^\r\n\0]*)?$/;
const headerLine = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[\t ]*([\t\x20-\x7e\x80-\xff]*)$/;

/** Of these a second one says nothing: the first counts, as everywhere in Node.js. */
const single = new Set([
  'age',
  'content-type',
  'date',
  'etag',
  'expires',
  'last-modified',
  'location',
  'retry-after',
  'server',
]);

/** Reads a status line and the headers, without the empty line after them. Throws `WireError`. */
export function parseHead(text: string): Head {
  const [first = '', ...lines] = text.split('\r\n');
  const match = statusLine.exec(first);
  if (match === null) throw new WireError('HPE_INVALID_CONSTANT', 'Expected HTTP/');
  const headers: Record<string, string> = Object.create(null);
  for (const line of lines) {
    const parts = headerLine.exec(line);
    if (parts === null) throw new WireError('HPE_INVALID_HEADER_TOKEN', 'Invalid header');
    const [, name = '', value = ''] = parts;
    add(headers, name.toLowerCase(), value.trimEnd());
  }
  return { status: Number(match[2]), headers, version: match[1] ?? '' };
}

function add(headers: Record<string, string>, name: string, value: string): void {
  const present = headers[name];
  if (present === undefined) headers[name] = value;
  else if (name === 'content-length') {
    if (present !== value) throw new WireError('HPE_UNEXPECTED_CONTENT_LENGTH', 'Two Content-Lengths');
  } else if (!single.has(name)) headers[name] = `${present}, ${value}`;
}
