import type { Revision } from '../../../snapshot/entry.ts';
import type { ETag, ObjectHead } from '../store/store.ts';

/** One state of a key: by its version, or the one that has this ETag. */
export type FixedState =
  | { readonly kind: 'version'; readonly versionId: string }
  | { readonly kind: 'etag'; readonly etag: ETag };

/** `version:<id>` where the bucket keeps versions, else `etag:<etag>`. */
export function revisionOf({ versionId, etag }: ObjectHead): Revision {
  return (versionId === undefined ? `etag:${etag}` : `version:${versionId}`) as Revision;
}

/** The state that a revision names; undefined when it is of another layout's form. */
export function fixedStateOf(revision: string): FixedState | undefined {
  const [, kind, value = ''] = /^(version|etag):(.+)$/s.exec(revision) ?? [];
  if (kind === 'version') return { kind, versionId: value };
  return kind === 'etag' ? { kind, etag: value as ETag } : undefined;
}
