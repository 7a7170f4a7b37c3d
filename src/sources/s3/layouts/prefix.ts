import { RefusedError } from '../../../failure/failure.ts';
import type { Log } from '../../../platform/log.ts';
import type { RelativePath } from '../../../snapshot/entry.ts';
import type { PathFilter } from '../../../snapshot/path-filter.ts';
import { PageSums } from '../store/page-sums.ts';
import type { ListedObject, ListedVersion, Store } from '../store/store.ts';
import { isDirectory, type KeyRules, Keys } from './keys.ts';
import { ListingDigest } from './listing-digest.ts';

export interface PrefixOptions extends Pick<KeyRules, 'prefix' | 'setting' | 'badKeys'> {
  readonly store: Store;
  readonly filter: () => Promise<PathFilter>;
  readonly maxFiles: number;
  readonly log: Log;
}

export interface Listing {
  /** Those that concern the set. */
  readonly objects: readonly ListedObject[];
  /** Of them and the marker. */
  readonly digest: string;
  readonly marker: ListedObject | undefined;
}

export interface Survey {
  readonly digest: string;
  readonly count: number;
  readonly pages: number;
}

/** What one page adds to a survey. */
interface PageSum {
  readonly digest: ListingDigest;
  readonly count: number;
}

/** The versions that were the newest at some time. */
export interface PastListing {
  readonly objects: readonly ListedVersion[];
  /** Of the keys that concern the set at all; without one, nothing can be said about a past. */
  readonly hasHistory: boolean;
  /** Of all versions that were seen. */
  readonly oldest: Date | undefined;
}

/** The objects below a prefix, as far as they concern the set. */
export class Prefix {
  readonly #options: PrefixOptions;
  readonly #marker: string | undefined;
  #keys: Promise<Keys> | undefined;
  #sums: PageSums<ListedObject, PageSum> | undefined;

  constructor(options: PrefixOptions, marker?: string) {
    this.#options = options;
    this.#marker = marker;
  }

  async list(signal: AbortSignal): Promise<Listing> {
    const keys = await this.#loaded();
    const digest = new ListingDigest();
    const objects: ListedObject[] = [];
    let marker: ListedObject | undefined;
    for await (const page of this.#options.store.list(this.#options.prefix, signal)) {
      for (const object of page) {
        const isMarker = object.key === this.#marker;
        if (isMarker) marker = object;
        else if (keys.concern(object.key)) this.#keep(object, objects);
        else continue;
        digest.add(object);
      }
    }
    return { objects, digest: digest.value, marker };
  }

  /** The digest that `list` would give, without the objects. */
  async survey(signal: AbortSignal): Promise<Survey> {
    const { store, prefix } = this.#options;
    const digest = new ListingDigest();
    let count = 0;
    let pages = 0;
    for await (const page of store.survey(prefix, await this.#pageSums(), signal)) {
      pages += 1;
      count += page.count;
      digest.merge(page.digest);
    }
    return { digest: digest.value, count, pages };
  }

  /** What `list` would have given at a time, where the bucket keeps versions. */
  async listPast(time: Date, signal: AbortSignal): Promise<PastListing> {
    const keys = await this.#loaded();
    const newest = new Map<string, ListedVersion>();
    let hasHistory = false;
    let oldest: Date | undefined;
    for await (const page of this.#options.store.listVersions(this.#options.prefix, signal)) {
      for (const version of page) {
        if (!keys.concern(version.key)) continue;
        hasHistory ||= version.versionId !== 'null';
        if (oldest === undefined || version.lastModified < oldest) oldest = version.lastModified;
        // Of one key the newest comes first, of two in the same second too.
        if (version.lastModified <= time && !newest.has(version.key)) newest.set(version.key, version);
      }
    }
    const objects: ListedVersion[] = [];
    for (const version of newest.values()) if (!version.isDeleteMarker) this.#keep(version, objects);
    return { objects, hasHistory, oldest };
  }

  async paths<T extends ListedObject>(objects: readonly T[]): Promise<ReadonlyMap<RelativePath, T>> {
    return (await this.#loaded()).paths(objects);
  }

  async #pageSums(): Promise<PageSums<ListedObject, PageSum>> {
    if (this.#sums !== undefined) return this.#sums;
    const keys = await this.#loaded();
    this.#sums ??= new PageSums((page) => {
      const digest = new ListingDigest();
      for (const object of page) {
        if (object.key === this.#marker || keys.concern(object.key)) digest.add(object);
      }
      return { digest, count: page.length };
    });
    return this.#sums;
  }

  /** A set that is too large is refused before memory goes into it. */
  #keep<T extends ListedObject>(object: T, objects: T[]): void {
    const { maxFiles, prefix, store } = this.#options;
    if (isDirectory(object) || objects.push(object) <= maxFiles) return;
    throw new RefusedError({
      setting: 'WHERRY_MAX_FILES',
      problem: `there are more than ${maxFiles} objects below ${JSON.stringify(prefix)} in ${store.display}`,
      cure: 'take a part with a longer prefix or globs, or raise the limit',
    });
  }

  #loaded(): Promise<Keys> {
    this.#keys ??= this.#load().catch((error: unknown) => {
      this.#keys = undefined;
      throw error;
    });
    return this.#keys;
  }

  async #load(): Promise<Keys> {
    const { prefix, setting, badKeys, log, filter } = this.#options;
    return new Keys({ prefix, setting, badKeys, log, filter: await filter(), marker: this.#marker });
  }
}
