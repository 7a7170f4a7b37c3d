import type { Next } from './paging.ts';

export interface KnownPage<Sum> {
  readonly sum: Sum;
  readonly next: Next;
}

/**
 * What the pages of a listing come to, kept for when it is asked for again: a page that is byte for byte one of the last
 * listing's is not read once more. `sumOf` must depend on nothing but what is on the page.
 */
export class PageSums<Item, Sum> {
  readonly sumOf: (items: readonly Item[]) => Sum;
  /** Of the last whole listing, by the hash of each page's document. */
  known: ReadonlyMap<string, KnownPage<Sum>> = new Map();

  constructor(sumOf: (items: readonly Item[]) => Sum) {
    this.sumOf = sumOf;
  }
}
