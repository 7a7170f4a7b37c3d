import type { Failure } from '../failure/failure.ts';
import type { Answer } from '../reload/target.ts';
import type { Digest, Revision } from '../snapshot/entry.ts';
import {
  acknowledgedBy,
  type Keys,
  type PublishedSet,
  pendingTargets,
  type Quarantine,
  type State,
  type TargetId,
} from './state.ts';

/**
 * Every change of the durable state, as pure functions: the engine calls one, writes the result, and only then does
 * what follows from it.
 */

/** A new set is what readers see. It is owed to every target. */
export function published(state: State, set: PublishedSet, targets: readonly TargetId[], at: string): State {
  const { rejected: _, ...rest } = state;
  const next = { ...replacing(rest), sequence: set.sequence, published: set };
  return commitIfTaken({ ...next, lastSync: { at, result: 'published' } }, targets);
}

/** The source was followed to this revision: nothing of it is refused any more. */
export function caughtUp(state: State, key: string, revision: Revision): State {
  const { quarantine: _, rolledBack: __, lastFailure: ___, ...rest } = state;
  return { ...rest, seen: { key, revision } };
}

/** The source moved, but not the set. */
export function foundEqual(state: State, key: string, revision: Revision, at: string): State {
  return { ...caughtUp(state, key, revision), lastSync: { at, result: 'equal' } };
}

/**
 * Counts everything published so far as acknowledged: the main container reads it when it starts. What was rejected
 * does not become good by that.
 */
export function handedOver(state: State): State {
  if (isQuarantinedContent(state, state.published?.digest)) return state;
  const baseline = state.published?.sequence ?? state.baseline;
  const { rejected: _, ...rest } = state;
  return { ...rest, baseline, ...(state.published === undefined ? {} : { good: state.published }) };
}

export function answered(
  state: State,
  target: TargetId,
  answer: Answer,
  sequence: number,
  at: string,
): State {
  const acknowledged = answer.class === 'accepted' ? sequence : acknowledgedBy(state, target);
  const lastAnswer = answer.class === 'accepted' ? { class: answer.class, at } : { ...answer, at };
  const { name, identity } = target;
  return { ...state, targets: { ...state.targets, [name]: { identity, acknowledged, lastAnswer } } };
}

/** When every target took the published set it is good: rollbacks go there, and what was said against it is over. */
export function commitIfTaken(state: State, targets: readonly TargetId[]): State {
  const { published: set } = state;
  if (set === undefined || pendingTargets(state, targets).length > 0) return state;
  const { rejected: _, quarantine, ...rest } = state;
  const other = quarantine?.digest === set.digest ? undefined : quarantine;
  return { ...rest, ...(other === undefined ? {} : { quarantine: other }), good: set };
}

/** Forgets what the targets acknowledged, so that each is told again. */
export function toldAgain(state: State): State {
  const { rejected: _, ...rest } = state;
  return { ...rest, baseline: 0, targets: {} };
}

export interface RefusedSet {
  readonly setKey: string;
  readonly revision: Revision;
}

/** The set does not get into the target, and is not tried again until the source or a setting moves. */
export function refused(state: State, set: RefusedSet, failure: Failure, at: string): State {
  return {
    ...state,
    quarantine: { ...set, reason: failure.message, at },
    lastSync: { at, result: 'refused' },
    lastFailure: { kind: failure.kind, message: failure.message, at },
  };
}

/** The source moved to another revision with the content that is quarantined. */
export function refusedAgain(state: State, key: string, revision: Revision, at: string): State {
  const { quarantine } = state;
  if (quarantine === undefined) return state;
  return {
    ...state,
    seen: { key, revision },
    quarantine: { ...quarantine, revision },
    lastSync: { at, result: 'refused' },
  };
}

/**
 * A target rejected the published set. It is quarantined; whether there is something to go back to is
 * `rollbackDue`'s to say. A set that was good before is not quarantined: there is nothing better to go back to.
 */
export function rejected(
  state: State,
  { setKey, reloadKey }: { readonly setKey: string; readonly reloadKey: string },
  detail: string,
  at: string,
): State {
  const { published: set } = state;
  if (set === undefined) return state;
  const known = { ...state, rejected: { sequence: set.sequence, detail, reloadKey } };
  if (state.good?.digest === set.digest) return known;
  const revision = state.seen?.revision ?? set.revision;
  return { ...known, quarantine: { setKey, reloadKey, revision, digest: set.digest, reason: detail, at } };
}

/** What was judged under other settings is forgotten, and so tried again. */
export function underSettings(state: State, keys: Keys): State {
  const { quarantine, rejected: verdict, seen, ...rest } = state;
  const isStale = quarantine !== undefined && isOutdated(quarantine, keys);
  const isOver =
    keys.reloadKey !== undefined && verdict !== undefined && verdict.reloadKey !== keys.reloadKey;
  return {
    ...rest,
    ...(seen === undefined || isStale ? {} : { seen }),
    ...(quarantine === undefined || isStale ? {} : { quarantine }),
    ...(verdict === undefined || isOver ? {} : { rejected: verdict }),
  };
}

/** Where nobody judges a reload (`init`), what was rejected stays so. */
function isOutdated({ setKey, reloadKey }: Quarantine, keys: Keys): boolean {
  if (reloadKey === undefined) return setKey !== keys.setKey;
  return keys.reloadKey !== undefined && (reloadKey !== keys.reloadKey || setKey !== keys.setKey);
}

/** The published set is one that was refused, and there is a good one to go back to. */
export function rollbackDue(state: State): PublishedSet | undefined {
  const { published: set, good } = state;
  const isBad = isQuarantinedContent(state, set?.digest);
  return isBad && good !== undefined && good.digest !== set?.digest ? good : undefined;
}

/** The good set is published again, as a new generation that is owed to every target. */
export function rolledBack(state: State, set: PublishedSet, at: string): State {
  const { rejected: _, ...rest } = state;
  const from = state.published?.revision ?? set.revision;
  const reason = state.quarantine?.reason ?? '';
  const next = { ...replacing(rest), sequence: set.sequence, published: set, good: set };
  return { ...next, rolledBack: { from, reason, at } };
}

export function failed(state: State, failure: Failure, at: string): State {
  return {
    ...state,
    lastSync: { at, result: 'failed' },
    lastFailure: { kind: failure.kind, message: failure.message, at },
  };
}

/** A failure of the past is no news once the source answers; a refusal stays until the source moves. */
export function recovered(state: State, at: string): State {
  const { lastFailure, ...rest } = state;
  if (lastFailure === undefined || lastFailure.kind === 'refused') return state;
  return state.lastSync?.result === 'failed' ? { ...rest, lastSync: { at, result: 'equal' } } : rest;
}

export function isQuarantined(state: State, revision: Revision): boolean {
  return state.quarantine?.revision === revision;
}

export function isQuarantinedContent(state: State, digest: Digest | undefined): boolean {
  return digest !== undefined && state.quarantine?.digest === digest;
}

/** What is published now is the previous set of the next one. */
function replacing(state: State): State {
  const { previous: _, ...rest } = state;
  return state.published === undefined ? rest : { ...rest, previous: state.published.revision };
}
