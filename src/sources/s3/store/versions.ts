import type { Item } from './item.ts';
import { type Page, readPage } from './page.ts';
import { PageFault } from './page-fault.ts';
import { type FetchPage, type ListOptions, type Next, Paging } from './paging.ts';
import type { ListedVersion } from './store.ts';

const itemNames: ReadonlySet<string> = new Set(['Version', 'DeleteMarker']);

/**
 * Every version of the objects whose keys start with the prefix, and the marks of their deletions, page by page, in
 * the store's order: of one key the newest first. What is no page of this listing is an `UnreachableError`.
 */
export async function* listVersions(
  fetchPage: FetchPage,
  options: ListOptions,
  signal: AbortSignal,
): AsyncGenerator<readonly ListedVersion[]> {
  const paging = new Paging(options);
  const asked = { versions: '', 'encoding-type': 'url', 'max-keys': '1000', prefix: options.prefix };
  let next: Next = {};
  while (next !== undefined) {
    const document = await fetchPage({ ...asked, ...next }, signal);
    const page = paging.read(document, () => readPage(document, 'ListVersionsResult', itemNames));
    const versions = paging.read(document, () => page.items.map(versionOf));
    next = paging.read(document, () => check(page, versions, paging));
    yield versions;
  }
}

function versionOf({ versionId, ...item }: Item): ListedVersion {
  if (versionId === undefined || versionId === '') {
    throw new PageFault(`it has no version of the key ${JSON.stringify(item.key)}`);
  }
  return { ...item, versionId };
}

function check(page: Page, versions: readonly ListedVersion[], paging: Paging): Next {
  paging.checkName(page.field('Name'));
  for (const { key, versionId } of versions) paging.count(key, versionId);
  const next = nextOf(page);
  paging.turn(next);
  return next;
}

/** Without a version the page ended with the last one of its key. */
function nextOf(page: Page): Next {
  if (!page.isTruncated) return undefined;
  const key = page.key('NextKeyMarker');
  if (key === undefined || key === '') throw new PageFault('it says that more follows, and not where');
  const version = page.field('NextVersionIdMarker');
  return {
    'key-marker': key,
    ...(version === undefined || version === '' ? {} : { 'version-id-marker': version }),
  };
}
