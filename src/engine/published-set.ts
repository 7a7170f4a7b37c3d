import type { Generation } from '../publish/generation.ts';
import { totalsOf } from '../publish/manifest.ts';
import type { PublishedSet } from './machine/state.ts';

/** A generation as the state remembers it. */
export function setOf({ name, manifest }: Generation): PublishedSet {
  const { revision, provenance, digest, sequence, publishedAt, files } = manifest;
  const known = { generation: name, revision, digest, sequence, publishedAt, ...totalsOf(files) };
  return provenance === undefined ? known : { ...known, provenance };
}
