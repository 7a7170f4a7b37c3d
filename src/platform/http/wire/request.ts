import type { HttpRequest } from '../exchange.ts';

const unsendable = /[^\t\x20-\x7e\x80-\xff]/;

/** As it goes over the wire. Throws `TypeError`, as Node.js does, for what would end a line. */
export function requestBytes({ method, path, headers, body }: HttpRequest): Buffer {
  if (/[^\x21-\xff]/.test(path)) throw invalid('ERR_UNESCAPED_CHARACTERS', 'the path');
  let head = `${method} ${path} HTTP/1.1\r\n`;
  for (const name in headers) {
    const value = headers[name] ?? '';
    if (unsendable.test(value)) throw invalid('ERR_INVALID_CHAR', name);
    head += `${name}: ${value}\r\n`;
  }
  if (body !== undefined) head += `content-length: ${body.byteLength}\r\n`;
  head += 'connection: keep-alive\r\n\r\n';
  const bytes = Buffer.from(head, 'latin1');
  return body === undefined ? bytes : Buffer.concat([bytes, body]);
}

function invalid(code: string, what: string): TypeError {
  return Object.assign(new TypeError(`Invalid character in ${what}`), { code });
}
