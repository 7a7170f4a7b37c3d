import fc from 'fast-check';
import { expect, test } from 'vitest';
import { framingOf } from '../../../src/platform/http/wire/framing.ts';
import { parseHead, WireError } from '../../../src/platform/http/wire/head.ts';

const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));

function cut(whole: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...new Set(places.map((place) => place % (whole.length + 1)))].sort((a, b) => a - b);
  return [...ends, whole.length].map((end, index) => whole.subarray(ends[index - 1] ?? 0, end));
}

/** What comes out of a body that arrives in these pieces, and what is left of the piece that it ended in. */
function read(headers: string, pieces: readonly Buffer[]) {
  const framing = framingOf(parseHead(`HTTP/1.1 200 OK\r\n${headers}`), false);
  const content: Buffer[] = [];
  for (const [index, piece] of pieces.entries()) {
    const rest = framing === undefined ? piece : framing.feed(piece, (part) => content.push(part));
    if (rest === undefined) continue;
    return { content: Buffer.concat(content), rest: Buffer.concat([rest, ...pieces.slice(index + 1)]) };
  }
  return { content: Buffer.concat(content), rest: undefined };
}

const places = fc.array(fc.nat(2000), { maxLength: 12 });

test('a body of a given length is found, however it is cut', () => {
  fc.assert(
    fc.property(bytes, bytes, places, (body, after, cuts) => {
      const pieces = cut(Buffer.concat([body, after]), cuts);
      const { content, rest } = read(`Content-Length: ${body.length}`, pieces);
      expect(content).toEqual(body);
      expect(rest).toEqual(after);
    }),
  );
});

const chunk = fc.record({
  body: bytes.filter((body) => body.length > 0),
  extension: fc.constantFrom('', ';a', ';a="b"'),
  upper: fc.boolean(),
});

test('a body in chunks is found, however it is cut', () => {
  const trailers = fc.constantFrom('', 'Expires: 0\r\n', 'A: 1\r\nB: 2\r\n');
  fc.assert(
    fc.property(fc.array(chunk, { maxLength: 6 }), trailers, bytes, places, (chunks, ends, after, cuts) => {
      const framed = chunks.flatMap(({ body, extension, upper }) => {
        const size = body.length.toString(16);
        return [
          Buffer.from(`${upper ? size.toUpperCase() : size}${extension}\r\n`),
          body,
          Buffer.from('\r\n'),
        ];
      });
      const whole = Buffer.concat([...framed, Buffer.from(`0\r\n${ends}\r\n`), after]);
      const { content, rest } = read('Transfer-Encoding: chunked', cut(whole, cuts));
      expect(content).toEqual(Buffer.concat(chunks.map(({ body }) => body)));
      expect(rest).toEqual(after);
    }),
  );
});

test('what is no sequence of chunks is refused, or waited for, but never taken for the end', () => {
  fc.assert(
    fc.property(bytes, (body) => {
      fc.pre(!/^0+[\t ]*(;[^\r\n\0]*)?\r\n/.test(body.toString('latin1')));
      let rest: Buffer | undefined;
      try {
        rest = read('Transfer-Encoding: chunked', [body]).rest;
      } catch (error) {
        expect(error).toBeInstanceOf(WireError);
      }
      // A whole body of random bytes would have to end like one.
      if (rest !== undefined) expect(body.toString('latin1')).toContain('\r\n0');
    }),
  );
});

test('a line between chunks that has no end is refused before it fills the memory', () => {
  expect(() => read('Transfer-Encoding: chunked', [Buffer.alloc(20_000, '1')])).toThrow('Header overflow');
  const endless = Array.from({ length: 3000 }, () => Buffer.from('A: b\r\n'));
  expect(() => read('Transfer-Encoding: chunked', [Buffer.from('0\r\n'), ...endless])).toThrow('overflow');
});
