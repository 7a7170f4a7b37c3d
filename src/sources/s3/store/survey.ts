import { hash } from 'node:crypto';
import { firstPage, ObjectPages } from './listing.ts';
import type { KnownPage, PageSums } from './page-sums.ts';
import type { FetchPage, ListOptions, Next } from './paging.ts';
import type { ListedObject } from './store.ts';

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
      const { objects, next } = pages.read(document);
      page = { sum: sums.sumOf(objects), next: copyOf(next) };
    } else pages.pass(document, page.next);
    found.set(digest, page);
    next = page.next;
    yield page.sum;
  }
  sums.known = found;
}

/** What is cut out of a text keeps all of it for as long as it lives. */
function copyOf(next: Next): Next {
  return next && (JSON.parse(JSON.stringify(next)) as Next);
}
