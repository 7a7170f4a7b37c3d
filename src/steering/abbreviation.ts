import type { Wish } from '../engine/machine/request.ts';
import type { State } from '../engine/machine/state.ts';
import { SettingsError } from '../failure/failure.ts';
import type { Revision } from '../snapshot/entry.ts';

/** The wish with its revision in full. Throws a `SettingsError` when a short one is not that of one known revision. */
export function inFull(wish: Wish, state: State | undefined): Wish {
  return wish.action === 'pin' ? { ...wish, revision: fullRevision(wish.revision, state) } : wish;
}

function fullRevision(revision: Revision, state: State | undefined): Revision {
  // Anything else is the name of a branch or a tag.
  if (!/^[0-9a-f]{7,64}$/i.test(revision)) return revision;
  const short = revision.toLowerCase();
  const meant = [...new Set(knownRevisions(state))].filter((known) => known.startsWith(short));
  const [first] = meant;
  if (first !== undefined && meant.length === 1) return first;
  if (meant.length > 1) {
    throw new SettingsError({
      problem: `pin: "${revision}" is short for ${meant.join(' and ')}`,
      cure: 'write more of it',
    });
  }
  if (short.length === 40 || short.length === 64) return short as Revision;
  throw new SettingsError({
    problem: `pin: "${revision}" is the beginning of no revision that this sidecar has seen`,
    cure: `write the whole commit id, or a tag or branch as refs/tags/${revision} or refs/heads/${revision}`,
  });
}

function knownRevisions(state: State | undefined): readonly Revision[] {
  if (state === undefined) return [];
  const { published, previous, good, previousGood, quarantine = [], seen, rolledBack, pin } = state;
  const sets = [published, good, previousGood, ...quarantine, seen, pin].map((one) => one?.revision);
  return [...sets, previous, rolledBack?.from].filter((one) => one !== undefined);
}
