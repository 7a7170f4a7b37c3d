import type { Rules } from './events.ts';
import type { PublishedSet, State } from './state.ts';

/**
 * Brings the remembered state and what is really in the target together, after a start. The target wins: it is what
 * readers see.
 */
export function reconciled(state: State, current: PublishedSet | undefined): State {
  const { published, former, seen: _, ...rest } = state;
  const last = published ?? former;
  const left = last === undefined ? rest : { ...rest, former: last };
  if (current === undefined) return left;
  const sequence = Math.max(state.sequence, current.sequence);
  if (published?.generation === current.generation) return mendedMeanwhile(state, published, current);
  // The kill came between the swap and the note of it: the set is owed to every target.
  if (current.sequence > (last?.sequence ?? 0)) {
    const { rejected: __, unverified: ___, ...open } = rest;
    const { good } = open;
    const isGood = good !== undefined && good.digest === current.digest;
    return { ...open, ...(isGood ? { good: goodIn(current, good) } : {}), sequence, published: current };
  }
  // The link was turned back behind our back. Publishing anew gives the set a sequence that nobody has seen.
  return { ...left, sequence };
}

/**
 * The good set in a later generation: its own one may go with the mode in which it was published. It is good by what was
 * said of it then; the later one is still to be told.
 */
export function goodIn(set: PublishedSet, { sequence }: PublishedSet): PublishedSet {
  return { ...set, sequence };
}

/** Nothing is left of the published set. */
export function lost({ published: _, former: __, seen: ___, ...rest }: State): State {
  return rest;
}

/** The kill came in a repair: the set is owed to every target anew. A manifest that names other files is not believed. */
function mendedMeanwhile(state: State, published: PublishedSet, current: PublishedSet): State {
  const isNewer = current.sequence > published.sequence && current.digest === published.digest;
  if (!isNewer) return state;
  const { rejected: _, unverified: __, ...rest } = state;
  const { sequence, publishedAt } = current;
  return {
    ...rest,
    sequence: Math.max(state.sequence, sequence),
    published: { ...published, sequence, publishedAt },
  };
}

/** Forgets targets that the settings no longer name, as far as they name any. One that comes back is told again. */
export function withoutFormerTargets(state: State, { keys, targets }: Rules): State {
  if (keys.reloadKey === undefined) return state;
  const isNamed = (name: string, identity: string) =>
    targets.some((target) => target.name === name && target.identity === identity);
  const known = Object.entries(state.targets);
  const named = known.filter(([name, { identity }]) => isNamed(name, identity));
  return named.length === known.length ? state : { ...state, targets: Object.fromEntries(named) };
}
