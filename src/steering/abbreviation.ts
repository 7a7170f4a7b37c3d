import type { Wish } from '../engine/machine/request.ts';
import type { State } from '../engine/machine/state.ts';
import { SettingsError } from '../failure/failure.ts';
import type { Revision } from '../snapshot/entry.ts';
import { joinRevisions, splitRevisions } from '../snapshot/layer-revisions.ts';

/** The wish with its revision in full. Throws a `SettingsError` when a short one is not that of one known revision. */
export function inFull(wish: Wish, state: State | undefined): Wish {
  return wish.action === 'pin' ? { ...wish, revision: fullRevision(wish.revision, state) } : wish;
}

/** Of layers, each one's. */
function fullRevision(revision: Revision, state: State | undefined): Revision {
  const known = knownRevisions(state);
  const parts = splitRevisions(revision);
  if (parts === undefined) return inFullOf(revision, known);
  const ofLayers = known.map(splitRevisions).filter((one) => one !== undefined);
  // A branch may be called so.
  if (!ofLayers.some((one) => [...parts.keys()].some((layer) => one.has(layer)))) return revision;
  return joinRevisions(
    Array.from(parts, ([layer, part]) => [
      layer,
      inFullOf(
        part,
        ofLayers.flatMap((one) => one.get(layer) ?? []),
      ),
    ]),
  );
}

function inFullOf(revision: Revision, all: readonly Revision[]): Revision {
  // Anything else is the name of a branch or a tag.
  if (!/^[0-9a-f]{7,64}$/i.test(revision)) return revision;
  const short = revision.toLowerCase();
  const meant = [...new Set(all)].filter((known) => known.startsWith(short));
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
