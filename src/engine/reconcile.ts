import type { Generation } from '../publish/generation.ts';
import { totalsOf } from '../publish/manifest.ts';
import type { PublishedSet, State } from './state.ts';

export function setOf({ name, manifest }: Generation): PublishedSet {
  const { revision, digest, sequence, publishedAt, files } = manifest;
  return { generation: name, revision, digest, sequence, publishedAt, ...totalsOf(files) };
}

/**
 * Brings the remembered state and what is really in the target together, after a start. The target wins: it is what
 * readers see.
 */
export function reconcile(
  state: State,
  current: Generation | undefined,
  isThere: (name: string) => boolean,
): State {
  const { published, seen: _, good, ...rest } = state;
  const keptGood = good !== undefined && isThere(good.generation) ? { good } : {};
  if (current === undefined) return { ...rest, ...keptGood };
  if (published?.generation === current.name) {
    const { good: __, ...same } = state;
    return { ...same, ...keptGood };
  }
  const sequence = Math.max(state.sequence, current.manifest.sequence);
  const remembered = published?.sequence ?? 0;
  // The kill came between the swap and the note of it: the set is owed to every target.
  if (current.manifest.sequence > remembered) {
    const { rejected: __, ...open } = rest;
    return { ...open, ...keptGood, sequence, published: setOf(current) };
  }
  // The link was turned back behind our back. Publishing anew gives the set a sequence that nobody has seen.
  return { ...rest, ...keptGood, sequence };
}
