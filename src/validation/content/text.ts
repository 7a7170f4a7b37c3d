import { isUtf8 } from 'node:buffer';
import type { Fault } from './document.ts';
import { positionAt } from './position.ts';

export type Decoded =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'faulty'; readonly faults: readonly Fault[] };

/** Strict UTF-8. */
export function decodeText(bytes: Buffer): Decoded {
  if (isUtf8(bytes)) return { kind: 'text', text: bytes.toString('utf8') };
  const [first, second] = bytes;
  const isUtf16 = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
  if (isUtf16) {
    const message = 'it is UTF-16: save it as UTF-8';
    return { kind: 'faulty', faults: [{ position: { line: 1, column: 1 }, message }] };
  }
  const text = bytes.toString('utf8');
  const position = positionAt(text, firstInvalid(bytes, text));
  return { kind: 'faulty', faults: [{ position, message: 'bytes that are no UTF-8 text' }] };
}

/** The offset in the text of the first replacement character that the bytes do not hold themselves. */
function firstInvalid(bytes: Buffer, text: string): number {
  const replacement = '\ufffd';
  let offset = 0;
  let byte = 0;
  for (;;) {
    const found = text.indexOf(replacement, offset);
    if (found === -1) return text.length;
    byte += Buffer.byteLength(text.slice(offset, found));
    if (bytes.toString('latin1', byte, byte + 3) !== '\u00ef\u00bf\u00bd') return found;
    offset = found + 1;
    byte += 3;
  }
}
