import { PageFault } from './page-fault.ts';

export type DecodeKey = (written: string) => string;

/** Not every store encodes when it is asked to; decoding what is not encoded would spoil a `+` and a `%`. */
export function decoderOf(encoding: string | undefined): DecodeKey {
  if (encoding === undefined || encoding === '') return (written) => written;
  if (encoding !== 'url') throw new PageFault(`its keys are encoded as ${JSON.stringify(encoding)}`);
  return decode;
}

function decode(written: string): string {
  // Most keys have nothing to decode.
  if (!written.includes('%') && !written.includes('+')) return written;
  const text = written.includes('+') ? written.replaceAll('+', ' ') : written;
  try {
    return decodeURIComponent(text);
  } catch {
    return decodeBytes(text);
  }
}

/**
 * A key that is not UTF-8 becomes a string that is not well-formed, each stray byte a lone surrogate: so it is told
 * from every real key, and can be refused by name, or left out.
 */
function decodeBytes(text: string): string {
  if (/%(?![0-9A-Fa-f]{2})/.test(text)) {
    throw new PageFault(`the key ${JSON.stringify(text)} is not encoded as the page says`);
  }
  return text.replace(/(?:%[0-9A-Fa-f]{2})+/g, (run) => {
    const bytes = Buffer.from(run.replaceAll('%', ''), 'hex');
    try {
      return decodeURIComponent(run);
    } catch {
      return [...bytes].map((byte) => String.fromCharCode(byte < 0x80 ? byte : 0xdc00 + byte)).join('');
    }
  });
}
