import { hash } from 'node:crypto';
import { type Page, readPage } from './page.ts';
import { PageFault } from './page-fault.ts';
import type { KnownPage, PageSums } from './page-sums.ts';
import { type FetchPage, type ListOptions, type Next, Paging } from './paging.ts';
import type { ListedObject } from './store.ts';

const itemNames: ReadonlySet<string> = new Set(['Contents']);

const firstPage: Next = { 'list-type': '2' };

/** One page of a listing of objects, and what to ask for next. */
interface ObjectPage {
  readonly objects: readonly ListedObject[];
  readonly next: Next;
}

/**
 * Every object whose key starts with the prefix, page by page. A page that is anything else than a page of this
 * listing is an `UnreachableError`: it must never pass for an empty bucket.
 */
export async function* listObjects(
  fetchPage: FetchPage,
  options: ListOptions,
  signal: AbortSignal,
): AsyncGenerator<readonly ListedObject[]> {
  const pages = new ObjectPages(fetchPage, options);
  let next = firstPage;
  while (next !== undefined) {
    const page = pages.read(await pages.fetch(next, signal));
    next = page.next;
    yield page.objects;
  }
}

/** The sum of each page of what `listObjects` lists, with its errors; only keys that come twice may go unnoticed. */
export async function* surveyObjects<T>(
  fetchPage: FetchPage,
  options: ListOptions,
  sums: PageSums<ListedObject, T>,
  signal: AbortSignal,
): AsyncGenerator<T> {
  const pages = new ObjectPages(fetchPage, options);
  const found = new Map<string, KnownPage<T>>();
  let next = firstPage;
  while (next !== undefined) {
    const document = await pages.fetch(next, signal);
    const digest = hash('sha256', document);
    let page = sums.known.get(digest);
    if (page === undefined) {
      const read = pages.read(document);
      page = { sum: sums.sumOf(read.objects), next: copyOf(read.next) };
    } else pages.pass(document, page.next);
    found.set(digest, page);
    next = page.next;
    yield page.sum;
  }
  sums.known = found;
}

/** The pages of one listing, from the first to the last. */
class ObjectPages {
  readonly #fetchPage: FetchPage;
  readonly #asked: Readonly<Record<string, string>>;
  readonly #paging: Paging;

  constructor(fetchPage: FetchPage, options: ListOptions) {
    this.#fetchPage = fetchPage;
    this.#asked = { 'encoding-type': 'url', 'max-keys': '1000', prefix: options.prefix };
    this.#paging = new Paging(options);
  }

  fetch(next: Next, signal: AbortSignal): Promise<Buffer> {
    return this.#fetchPage({ ...this.#asked, ...next }, signal);
  }

  read(document: Buffer): ObjectPage {
    return this.#paging.read(document, () => {
      const page = readPage(document, 'ListBucketResult', itemNames);
      this.#check(page);
      const next = nextOf(page);
      this.#paging.turn(next);
      return { objects: page.items, next };
    });
  }

  /** Goes on behind a page that was read before, in another listing. */
  pass(document: Buffer, next: Next): void {
    this.#paging.read(document, () => this.#paging.turn(next));
  }

  #check(page: Page): void {
    this.#paging.checkName(page.field('Name'));
    const count = page.field('KeyCount');
    if (count !== undefined && (!/^\d+$/.test(count) || Number(count) !== page.items.length)) {
      throw new PageFault(`it says KeyCount ${JSON.stringify(count)} and has ${page.items.length} keys`);
    }
    for (const { key } of page.items) this.#paging.count(key);
  }
}

function nextOf(page: Page): Next {
  if (!page.isTruncated) return undefined;
  const token = page.field('NextContinuationToken');
  if (token !== undefined && token !== '') return { 'list-type': '2', 'continuation-token': token };
  // A store that knows only the first version of this call goes on after a key, by default the page's last.
  const isFirstVersion = page.field('KeyCount') === undefined && page.field('Marker') !== undefined;
  const marker = isFirstVersion ? page.key('NextMarker') || page.items.at(-1)?.key : undefined;
  if (marker === undefined) throw new PageFault('it says that more follows, and not where');
  return { marker };
}

/** What is cut out of a text keeps all of it for as long as it lives. */
function copyOf(next: Next): Next {
  return next && (JSON.parse(JSON.stringify(next)) as Next);
}
