import { MissingError } from '../../../failure/failure.ts';
import type { Revision } from '../../../snapshot/entry.ts';
import type { ObjectHead, Store } from '../store/store.ts';
import { revisionOf } from './revision.ts';

export interface WatchedMarkerOptions {
  readonly store: Store;
  readonly key: string;
  /** One state of it, in the place of the newest. */
  readonly at: Revision | undefined;
}

export interface SeenMarker {
  readonly head: ObjectHead;
  readonly revision: Revision;
}

/**
 * A key whose being written is the news, also with the content that it had: a conditional request would not tell. One
 * HEAD a look, which costs what a conditional GET does.
 */
export class WatchedMarker {
  readonly #options: WatchedMarkerOptions;
  #seen: SeenMarker | undefined;

  constructor(options: WatchedMarkerOptions) {
    this.#options = options;
  }

  /** None for a fixed version that was seen before. Throws `MissingError` when it is not there. */
  async look(signal: AbortSignal): Promise<SeenMarker> {
    const { store, key, at } = this.#options;
    const versionId = at?.startsWith('version:') === true ? at.slice('version:'.length) : undefined;
    if (versionId !== undefined && this.#seen !== undefined) return this.#seen;
    const head = await store.head({ key, setting, versionId }, signal);
    const revision = markerRevision(head);
    if (at !== undefined && at !== revision) throw this.#gone(at);
    this.#seen = { head, revision };
    return this.#seen;
  }

  /** Whether it was not written since. Some writers remove it before they begin. */
  async isStill(head: ObjectHead, signal: AbortSignal): Promise<boolean> {
    const { store, key } = this.#options;
    try {
      const now = await store.head({ key, setting }, signal);
      return markerRevision(now) === markerRevision(head);
    } catch (error) {
      if (error instanceof MissingError) return false;
      throw error;
    }
  }

  #gone(at: Revision): MissingError {
    const { store, key } = this.#options;
    return new MissingError({
      setting,
      problem: `the marker ${JSON.stringify(key)} in ${store.display} is no longer ${at}`,
      cure: 'only a versioned bucket keeps what was replaced',
    });
  }
}

const setting = 'WHERRY_S3_MARKER';

/** `version:<id>`, or `etag:<etag>@<time>`: the same content put again is another release. */
function markerRevision(head: ObjectHead): Revision {
  const revision = revisionOf(head);
  const { versionId, lastModified } = head;
  if (versionId !== undefined || lastModified === undefined) return revision;
  return `${revision}@${lastModified.toISOString()}` as Revision;
}
