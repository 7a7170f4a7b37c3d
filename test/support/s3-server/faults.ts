import { type Answer, document, empty, S3Error } from './answer.ts';
import { type Content, contentOf } from './content.ts';

/** What the server does in the place of answering well, or before it, or with the good answer. */
export type Fault = (answer: () => Answer) => Answer;

/** An answer of a proxy, or of another server. */
export function answers(status: number, body = '', headers: Record<string, string> = {}): Fault {
  return () => ({ status, headers, body: contentOf(body) });
}

export const html = (status = 200): Fault =>
  answers(status, '<!DOCTYPE html><html><body>Please log in</body></html>', { 'Content-Type': 'text/html' });

export const emptyBody = (status = 200): Fault => answers(status);

export function error(status: number, code: string, headers: Record<string, string> = {}): Fault {
  return () => new S3Error(status, code, `made by the test: ${code}`, {}, headers).answer;
}

/** `retryAfter` in seconds. */
export const slowDown = (retryAfter?: number): Fault =>
  error(503, 'SlowDown', retryAfter === undefined ? {} : { 'Retry-After': String(retryAfter) });

/** An error in an answer that began as a good one. */
export const errorIn200 = (code = 'InternalError'): Fault => error(200, code);

/** The bucket is in another region. */
export const redirect = (region: string): Fault =>
  error(301, 'PermanentRedirect', { 'x-amz-bucket-region': region });

/** As for a bucket that was made a moment ago. */
export const temporaryRedirect = (location: string): Fault =>
  error(307, 'TemporaryRedirect', { Location: location });

/** Neither headers nor body. */
export const stall = (): Fault => () => ({ ...empty(200), silence: 'stall' });
export const reset = (): Fault => () => ({ ...empty(200), silence: 'reset' });

export const stallAfter = (after: number): Fault => breaks(after, 'stall');
export const resetAfter = (after: number): Fault => breaks(after, 'reset');
/** Closes the connection in an orderly way, too early. */
export const endAfter = (after: number): Fault => breaks(after, 'end');

function breaks(after: number, how: 'stall' | 'reset' | 'end'): Fault {
  return (answer) => ({ ...answer(), breaks: { after, how } });
}

/** A whole answer, by its length, of which the end is missing. */
export function shortBody(size: number): Fault {
  return changedBody((content) => ({ size, read: (start, end) => content.read(start, end) }));
}

/** One bit is another one. */
export function wrongByte(at = 0): Fault {
  return changedBody((content) => ({
    size: content.size,
    *read(start, end) {
      let offset = start;
      for (const bytes of content.read(start, end)) {
        const copy = Buffer.from(bytes);
        const index = at - offset;
        if (index >= 0 && index < copy.byteLength) copy[index] = (copy[index] ?? 0) ^ 1;
        offset += copy.byteLength;
        yield copy;
      }
    },
  }));
}

function changedBody(change: (content: Content) => Content): Fault {
  return (answer) => {
    const good = answer();
    return { ...good, body: change(good.body) };
  };
}

/** Tells no length. */
export const chunked = (): Fault => (answer) => ({ ...answer(), isChunked: true });

/** A header that is another one, or is missing. */
export function header(name: string, value: string | undefined): Fault {
  return (answer) => {
    const good = answer();
    const kept = Object.entries(good.headers).filter(([each]) => each.toLowerCase() !== name.toLowerCase());
    return {
      ...good,
      headers: { ...Object.fromEntries(kept), ...(value === undefined ? {} : { [name]: value }) },
    };
  };
}

export const withoutETag = (): Fault => header('ETag', undefined);
export const wrongChecksum = (algorithm: string, value: string): Fault =>
  header(`x-amz-checksum-${algorithm}`, value);

/** The document of the good answer, changed. */
function xml(change: (text: string) => string): Fault {
  return (answer) => {
    const good = answer();
    const text = Buffer.concat([...good.body.read(0, good.body.size)]).toString();
    return { ...good, body: contentOf(change(text)) };
  };
}

export const truncatedXml = (): Fault => xml((text) => text.slice(0, Math.floor(text.length / 2)));
export const withoutToken = (): Fault =>
  xml((text) => text.replace(/<(Next(?:ContinuationToken|KeyMarker|VersionIdMarker))>[^<]*<\/\1>/g, ''));
/** The next page is this one, for ever. */
export const repeatedToken = (token: string): Fault =>
  xml((text) => setElement(setElement(text, 'IsTruncated', 'true'), 'NextContinuationToken', token));
export const wrongName = (name = 'another-bucket'): Fault => xml((text) => setElement(text, 'Name', name));
export const keyCount = (count: number): Fault => xml((text) => setElement(text, 'KeyCount', String(count)));
/** Lists one more object, of any key. */
export const foreignKey = (key: string): Fault =>
  xml((text) =>
    text.replace(
      /<\/(ListBucketResult)>/,
      `<Contents><Key>${key}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>` +
        '<ETag>&quot;00000000000000000000000000000000&quot;</ETag><Size>1</Size></Contents></$1>',
    ),
  );
/** Says nothing of how keys are written, and writes them plainly: of servers that do not know `encoding-type`. */
export const rawKeys = (): Fault =>
  xml((text) =>
    text
      .replace('<EncodingType>url</EncodingType>', '')
      .replace(/<Key>([^<]*)<\/Key>/g, (_, key: string) => `<Key>${plain(key)}</Key>`),
  );

/** Does something first, and then answers well. */
export function before(act: () => void): Fault {
  return (answer) => {
    act();
    return answer();
  };
}

export const notAListing = (): Fault => () => document('<Other/>');

function setElement(text: string, name: string, value: string): string {
  const element = `<${name}>${value}</${name}>`;
  const existing = new RegExp(`<${name}>[^<]*</${name}>`);
  return existing.test(text) ? text.replace(existing, element) : text.replace('</Name>', `</Name>${element}`);
}

function plain(key: string): string {
  return decodeURIComponent(key.replaceAll('+', ' ')).replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
