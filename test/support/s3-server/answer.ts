import { type Content, contentOf } from './content.ts';

/** What the server sends, before a fault has its way. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Content;
  /** Sends no more than so many bytes of the body, and then this; `0` and `stall` send the headers alone. */
  readonly breaks?: { readonly after: number; readonly how: 'stall' | 'reset' | 'end' };
  /** Sends nothing at all. */
  readonly silence?: 'stall' | 'reset';
  /** Sends the body in chunks, and so without telling its length. */
  readonly isChunked?: boolean;
}

export function document(text: string, status = 200, headers: Record<string, string> = {}): Answer {
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n${text}`;
  return { status, headers: { 'Content-Type': 'application/xml', ...headers }, body: contentOf(body) };
}

export function empty(status: number, headers: Record<string, string> = {}): Answer {
  return { status, headers, body: contentOf('') };
}

/** Thrown where a request is refused. */
export class S3Error extends Error {
  readonly answer: Answer;

  constructor(
    status: number,
    code: string,
    message: string,
    fields: Readonly<Record<string, string>> = {},
    headers: Record<string, string> = {},
  ) {
    super(`${code}: ${message}`);
    const all = { Code: code, Message: message, ...fields, RequestId: '4442587FB7D0A2F9' };
    const xml = Object.entries(all).map(([name, value]) => `<${name}>${escapeXml(value)}</${name}>`);
    this.answer = document(`<Error>${xml.join('')}</Error>`, status, headers);
  }
}

/** What XML 1.0 cannot carry goes as S3 sends it: as a reference that a strict parser refuses. */
export function escapeXml(text: string): string {
  return text.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is escaped.
    /[&<>"\x00-\x1f\x7f]/g,
    (character) => `&#x${character.charCodeAt(0).toString(16)};`,
  );
}
