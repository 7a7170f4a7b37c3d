import { type Page, readPage } from './page.ts';
import { PageFault } from './page-fault.ts';
import { type FetchPage, type ListOptions, type Next, Paging } from './paging.ts';
import type { ListedObject } from './store.ts';

const itemNames: ReadonlySet<string> = new Set(['Contents']);

/**
 * Every object whose key starts with the prefix, page by page. A page that is anything else than a page of this
 * listing is an `UnreachableError`: it must never pass for an empty bucket.
 */
export async function* listObjects(
  fetchPage: FetchPage,
  options: ListOptions,
  signal: AbortSignal,
): AsyncGenerator<readonly ListedObject[]> {
  const paging = new Paging(options);
  const asked = { 'encoding-type': 'url', 'max-keys': '1000', prefix: options.prefix };
  let next: Next = { 'list-type': '2' };
  while (next !== undefined) {
    const document = await fetchPage({ ...asked, ...next }, signal);
    const page = paging.read(document, () => readPage(document, 'ListBucketResult', itemNames));
    next = paging.read(document, () => check(page, paging));
    yield page.items;
  }
}

function check(page: Page, paging: Paging): Next {
  paging.checkName(page.field('Name'));
  const count = page.field('KeyCount');
  if (count !== undefined && (!/^\d+$/.test(count) || Number(count) !== page.items.length)) {
    throw new PageFault(`it says KeyCount ${JSON.stringify(count)} and has ${page.items.length} keys`);
  }
  for (const { key } of page.items) paging.count(key);
  const next = nextOf(page);
  paging.turn(next);
  return next;
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
