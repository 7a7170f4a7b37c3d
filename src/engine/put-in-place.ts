import type { Limits } from '../platform/deadline.ts';
import { changedPaths } from '../publish/changed-paths.ts';
import { unconcerned } from '../reload/routing.ts';
import type { Context } from './context.ts';
import { lookBefore } from './look-before.ts';
import type { PublishedSet } from './machine/state.ts';
import { oursSinceStart } from './ours.ts';
import type { StagedSet } from './prepare.ts';

export interface Placed {
  readonly set: PublishedSet;
  /** For the event that notes the set. */
  readonly note: {
    readonly set: PublishedSet;
    readonly unconcerned: readonly string[];
    readonly before: Readonly<Record<string, string>>;
  };
}

/**
 * Makes a staged set what readers see. A signal that is under way ends first, so that its answer is about one set only.
 * Whoever calls this notes the set in the state, and then lets the keeper finish.
 */
export async function putInPlace(
  { courier, keeper, memory, parts }: Context,
  staged: StagedSet,
  limits: Limits,
): Promise<Placed> {
  await limits.outside(courier.stop());
  const before = await limits.outside(lookBefore(parts, limits.signal));
  // With the answer of the signal that was under way.
  const { state } = memory;
  const { set, current, replaced } = await keeper.swap(staged, oursSinceStart(state), limits.signal);
  const isKnown = replaced !== undefined && replaced.name === state.published?.generation;
  const isAsked = parts.routing.isAsked || current.manifest.layers !== undefined;
  const changed = isAsked && isKnown ? changedPaths(replaced.manifest, current.manifest) : undefined;
  courier.noteChange(state, parts.targets, parts.routing.isAsked ? changed : undefined);
  const names = parts.targets.map(({ name }) => name);
  // Only which layer has what: that is for the next set, and for no reader.
  const isUnseen = changed?.length === 0 && replaced?.manifest.dirMode === current.manifest.dirMode;
  const skipped =
    isUnseen && parts.verification === undefined ? names : unconcerned(parts.routing, names, changed);
  return { set, note: { set, unconcerned: skipped, before } };
}
