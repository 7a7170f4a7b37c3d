import { DeniedError, UnreachableError } from '../../../failure/failure.ts';
import type { ListedObject, ObjectHead, Store } from '../store/store.ts';
import type { Listing } from './prefix.ts';

export interface MarkerTimeOptions {
  readonly store: Store;
  readonly markerKey: string;
  readonly prefix: string;
}

/**
 * When a marker was put, by the listing's own clock: a header's time is cut to the second, and a listing's need not be,
 * so that what came in the marker's second is told from it where the store can.
 */
export class MarkerTime {
  readonly #options: MarkerTimeOptions;
  #mayList = true;

  constructor(options: MarkerTimeOptions) {
    this.#options = options;
  }

  /**
   * Milliseconds since 1970: what was put then or later is newer than the marker. Undefined when the marker is no longer
   * the one that was seen.
   */
  async newerFrom({ marker }: Listing, head: ObjectHead, signal: AbortSignal): Promise<number | undefined> {
    const { markerKey, prefix } = this.#options;
    const isInside = markerKey.startsWith(prefix);
    const listed = isInside ? marker : await this.#list(signal);
    if (listed !== undefined)
      return listed.etag === head.etag ? listed.lastModified.getTime() + 1 : undefined;
    if (isInside || this.#mayList) return undefined;
    if (head.lastModified === undefined) throw noTime(head.key);
    return head.lastModified.getTime() + 1000;
  }

  /** Of one version of the marker; undefined when it is not listed. */
  async ofVersion({ versionId }: ObjectHead, signal: AbortSignal): Promise<Date | undefined> {
    const { store, markerKey } = this.#options;
    for await (const page of store.listVersions(markerKey, signal)) {
      const version = page.find((item) => item.key === markerKey && item.versionId === versionId);
      if (version !== undefined) return version.lastModified;
    }
    return undefined;
  }

  /** Rights to list may end with the prefix. */
  async #list(signal: AbortSignal): Promise<ListedObject | undefined> {
    if (!this.#mayList) return undefined;
    const { store, markerKey } = this.#options;
    try {
      for await (const page of store.list(markerKey, signal)) {
        const marker = page.find(({ key }) => key === markerKey);
        if (marker !== undefined) return marker;
      }
    } catch (error) {
      if (!(error instanceof DeniedError)) throw error;
      this.#mayList = false;
    }
    return undefined;
  }
}

function noTime(key: string): UnreachableError {
  return new UnreachableError({
    setting: 'WHERRY_S3_MARKER',
    problem: `the store does not say when ${JSON.stringify(key)} was last modified`,
    cure: 'put the marker below the prefix, where the listing tells it',
  });
}
