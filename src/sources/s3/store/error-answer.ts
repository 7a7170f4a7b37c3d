import type http from 'node:http';
import type { Incoming } from '../../../platform/http/incoming.ts';

/** An answer that is no success, with what S3 says of it. Not for users: `failures.ts` makes that of it. */
export class ErrorAnswer extends Error {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  /** `NoSuchKey`; undefined where the body is not S3's, or there is none. */
  readonly code: string | undefined;
  /** Elements of S3's error by name: `Message`, `Region`, `Endpoint`. */
  readonly details: ReadonlyMap<string, string>;
  /** The start of a body that is not S3's. */
  readonly foreign: string | undefined;

  constructor(status: number, headers: http.IncomingHttpHeaders, body: ErrorBody) {
    super(`HTTP ${status}`);
    this.status = status;
    this.headers = headers;
    this.code = body.details.get('Code');
    this.details = body.details;
    this.foreign = body.foreign;
  }

  /** `HTTP 403 AccessDenied`. */
  get words(): string {
    return this.code === undefined ? `HTTP ${this.status}` : `HTTP ${this.status} ${this.code}`;
  }
}

interface ErrorBody {
  readonly details: ReadonlyMap<string, string>;
  readonly foreign: string | undefined;
}

const wanted = new Set(['Code', 'Message', 'Region', 'Endpoint', 'BucketName', 'StorageClass']);
const largest = 65_536;

/** Reads the rest of an answer that is no success. */
export async function errorAnswer(incoming: Incoming): Promise<ErrorAnswer> {
  using answer = incoming;
  return new ErrorAnswer(answer.status, answer.headers, await parse(await answer.whole(largest)));
}

/** What an HTTP 200 that holds an error in the place of a listing is; undefined for other documents. */
export async function errorInside(document: Buffer, { headers }: Incoming): Promise<ErrorAnswer | undefined> {
  if (!document.subarray(0, 512).includes('<Error')) return undefined;
  const body = await parse(document);
  return body.details.has('Code') ? new ErrorAnswer(500, headers, body) : undefined;
}

async function parse(document: Buffer | undefined): Promise<ErrorBody> {
  const details = new Map<string, string>();
  if (document?.byteLength === 0) return { details, foreign: undefined };
  if (document === undefined) return { details, foreign: 'a long text' };
  const { XmlError, XmlReader } = await import('./xml.ts');
  try {
    const xml = new XmlReader(document);
    const isError = xml.root() === 'Error';
    for (let name = xml.child(); isError && name !== undefined; name = xml.child()) {
      if (wanted.has(name)) details.set(name, xml.text());
      else xml.leave();
    }
  } catch (error) {
    if (!(error instanceof XmlError)) throw error;
  }
  return { details, foreign: details.has('Code') ? undefined : excerpt(document.toString('utf8')) };
}

/** The start of a text that somebody else wrote, as far as it can be shown. */
export function excerpt(text: string): string {
  const printable = text
    .slice(0, 1000)
    .replace(/[^\p{L}\p{N}\p{P}\p{S} ]+/gu, ' ')
    .trim();
  return printable.length > 100 ? `${printable.slice(0, 100)}…` : printable;
}
