import { UnreachableError } from '../../../failure/failure.ts';
import { Distinct } from './distinct.ts';
import { PageFault } from './page-fault.ts';
import { XmlError } from './xml.ts';

/** Asks for one page of a listing: its query before it is encoded, and the document that answered it with HTTP 200. */
export type FetchPage = (query: Readonly<Record<string, string>>, signal: AbortSignal) => Promise<Buffer>;

/** What a query has that the one before it had not; undefined when nothing follows. */
export type Next = Readonly<Record<string, string>> | undefined;

export interface ListOptions {
  /** The bucket as it may be shown: `s3://bucket`. */
  readonly display: string;
  /** The name that the pages must have, where they have one; undefined = any, as through an access point. */
  readonly bucket: string | undefined;
  readonly prefix: string;
  /** A listing with more is one without an end. */
  readonly maxPages?: number | undefined;
}

const manyPages = 10_000;

/** What must hold from page to page. */
export class Paging {
  readonly #options: ListOptions;
  readonly #items = new Distinct();
  readonly #tokens = new Set<string>();

  constructor(options: ListOptions) {
    this.#options = options;
  }

  /** Runs what reads a page; the faults that it throws become the failure of the listing. */
  read<T>(document: Uint8Array, read: () => T): T {
    try {
      return read();
    } catch (error) {
      throw error instanceof PageFault || error instanceof XmlError
        ? this.#noListing(document, error)
        : error;
    }
  }

  checkName(name: string | undefined): void {
    const { bucket } = this.#options;
    if (bucket === undefined || name === undefined || name === bucket) return;
    throw new PageFault(`it is of the bucket ${JSON.stringify(name)}`);
  }

  /** Each item once, and none of elsewhere. `version` tells apart items of one key. */
  count(key: string, version?: string): void {
    const { prefix } = this.#options;
    if (!key.startsWith(prefix)) {
      throw new PageFault(`the key ${JSON.stringify(key)} does not start with ${JSON.stringify(prefix)}`);
    }
    if (this.#items.add(version === undefined ? key : `${key}\0${version}`)) return;
    throw new PageFault(`it has the key ${JSON.stringify(key)} twice`);
  }

  /** Lets the listing go on, unless it goes round. */
  turn(next: Next): void {
    this.#items.pack();
    if (next === undefined) return;
    const token = JSON.stringify(next);
    if (this.#tokens.has(token)) throw new PageFault('it goes on where the listing was before');
    this.#tokens.add(token);
    const { maxPages = manyPages } = this.#options;
    if (this.#tokens.size >= maxPages) throw new PageFault(`${maxPages} pages came and no end`);
  }

  #noListing(document: Uint8Array, fault: Error): UnreachableError {
    const { display, prefix } = this.#options;
    return new UnreachableError({
      setting: 'WHERRY_S3_ENDPOINT',
      problem: `${display} was asked to list ${JSON.stringify(prefix)} and answered an HTTP 200 that is no S3 listing: ${kindOf(document) ?? fault.message}`,
      cure: 'check that the address is the store’s own, and what proxy or portal answers in its place',
      cause: fault,
    });
  }
}

function kindOf(document: Uint8Array): string | undefined {
  const start = Buffer.from(document.buffer, document.byteOffset, Math.min(document.byteLength, 512));
  const text = start.toString('latin1').trim();
  if (text === '' && document.byteLength <= 512) return 'an empty body';
  return /^(?:<\?xml[^>]*>|<!--.*?-->|\s)*<(?:!doctype\s+html|html)\b/is.test(text)
    ? 'an HTML page'
    : undefined;
}
