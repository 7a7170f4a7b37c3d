import type { Provenance } from '../../../snapshot/entry.ts';
import type { ObjectHead } from '../store/store.ts';

/** What the store calls the state of a key. */
export function provenanceOf({ key, etag, versionId, lastModified }: ObjectHead): Provenance {
  return {
    key,
    etag,
    ...(versionId === undefined ? {} : { versionId }),
    ...(lastModified === undefined ? {} : { lastModified: lastModified.toISOString() }),
  };
}
