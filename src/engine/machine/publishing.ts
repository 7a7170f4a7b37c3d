import type { Event, Rules } from './events.ts';
import { goodIn } from './opening.ts';
import { keepQuarantine, quarantined, quarantineOf, released } from './quarantine.ts';
import {
  acknowledgedBy,
  isVerified,
  type PublishedSet,
  pendingTargets,
  type State,
  type TargetId,
} from './state.ts';

type EventOf<Type extends Event['type']> = Event & { readonly type: Type };

/** A new set is what readers see. It is owed to every target that it is for. */
export function published(state: State, event: EventOf<'published'>, rules: Rules, at: string): State {
  const { set, revision } = event;
  const { rolledBack: _, lastFailure: __, ...rest } = replaced(state, event, rules);
  const seen = { key: rules.keys.setKey, revision, digest: set.digest };
  const next = overtaken({ ...rest, seen, lastSync: { at, result: 'published' } }, set, at);
  return event.handsOver ? handedOver(next) : next;
}

/** A rollback that a person asked for, and that the next change came before. */
function overtaken(state: State, { revision }: PublishedSet, at: string): State {
  const { lastRequest } = state;
  if (lastRequest?.result !== 'under-way') return state;
  return {
    ...state,
    lastRequest: { ...lastRequest, result: 'refused', detail: `overtaken by ${revision}`, at },
  };
}

/** The good set is published again, as a new generation that is owed to every target that it is for. */
export function rolledBack(state: State, event: EventOf<'rolled-back'>, rules: Rules, at: string): State {
  const { set } = event;
  const bad = state.published ?? state.former;
  const verdict = quarantineOf(state, bad?.digest);
  const { previousGood, ...rest } = replaced(state, event, rules);
  const { lastRequest } = state;
  const isAnswer = lastRequest?.action === 'rollback' && lastRequest.result === 'under-way';
  return {
    ...rest,
    good: set,
    ...(previousGood === undefined || previousGood.digest === set.digest ? {} : { previousGood }),
    rolledBack: {
      from: bad?.revision ?? set.revision,
      by: verdict?.by ?? 'target',
      reason: verdict?.reason ?? '',
      at,
    },
    ...(isAnswer
      ? { lastRequest: { ...lastRequest, result: 'done', detail: `rolled back to ${set.revision}`, at } }
      : {}),
  };
}

/** Whatever was published meanwhile is not touched by a repair of what it took the place of. */
export function mended(state: State, event: EventOf<'mended'>, rules: Rules): State {
  const { published, previous } = state;
  if (published === undefined || published.generation !== event.set.generation) return state;
  const { previous: _, ...next } = replaced(state, event, rules);
  return previous === undefined ? next : { ...next, previous };
}

/** The same set is what readers see under other names. It is owed to every target, for they read it from there. */
export function moved(state: State, event: EventOf<'moved'>, rules: Rules): State {
  const { previous, good, former } = state;
  const { previous: _, ...rest } = replaced(state, event, rules);
  const wasGood = good !== undefined && good.digest === former?.digest;
  const next = {
    ...rest,
    ...(previous === undefined ? {} : { previous }),
    ...(wasGood ? { good: goodIn(event.set, good) } : {}),
  };
  return event.handsOver ? handedOver(next) : next;
}

/**
 * The set to go back to cannot be had. What a person asked for ends with that; a bad set stays. Whether the published
 * one is good is not for this to say.
 */
export function rollbackLost(state: State, detail: string, at: string): State {
  const { good: _, ...rest } = state;
  const { published, lastRequest } = state;
  if (published === undefined || quarantineOf(state, published.digest)?.by !== 'operator') return rest;
  const { previousGood: __, ...next } = keepQuarantine(rest, ({ digest }) => digest !== published.digest);
  return {
    ...next,
    ...(lastRequest === undefined ? {} : { lastRequest: { ...lastRequest, result: 'refused', detail, at } }),
  };
}

/** The source moved, but not the set. */
export function foundEqual(state: State, event: EventOf<'staged'>, { keys }: Rules, at: string): State {
  const { rolledBack: _, lastFailure: __, ...rest } = isGood(state) ? released(state) : state;
  const seen = { key: keys.setKey, revision: event.revision, digest: event.digest };
  return { ...rest, seen, lastSync: { at, result: 'equal' } };
}

/** The source moved to another revision with content that is quarantined. */
export function refusedAgain(state: State, event: EventOf<'staged'>, { keys }: Rules, at: string): State {
  const entry = quarantineOf(state, event.digest);
  if (entry === undefined) return state;
  const { revision, digest } = event;
  const isFailure = entry.by === 'gate';
  return {
    ...quarantined(state, { ...entry, revision }),
    seen: { key: keys.setKey, revision, digest },
    lastSync: { at, result: 'refused' },
    ...(isFailure ? { lastFailure: { kind: 'refused', message: entry.reason, at } } : {}),
  };
}

/** The set does not get into the target, and is not tried again until it is released. */
export function refused(state: State, event: EventOf<'refused'>, { keys }: Rules, at: string): State {
  const { revision, digest, failure } = event;
  const { setKey } = keys;
  const known = digest === undefined ? {} : { digest };
  const entry = { setKey, by: 'gate', revision, ...known, reason: failure.message, at } as const;
  return {
    ...quarantined(state, entry),
    seen: { key: setKey, revision, ...known },
    lastSync: { at, result: 'refused' },
    lastFailure: { kind: failure.kind, message: failure.message, at },
  };
}

/**
 * Counts everything published so far as acknowledged: the main container reads it when it starts. What was rejected
 * does not become good by that.
 */
export function handedOver(state: State): State {
  const { published: set } = state;
  if (quarantineOf(state, set?.digest) !== undefined) return state;
  const { rejected: _, unverified: __, ...rest } = state;
  if (set === undefined) return rest;
  return taken({ ...rest, baseline: set.sequence }, set);
}

/** When every target took the published set, and it verified, it is good: rollbacks go there. */
export function commitIfTaken(state: State, { targets, verifies }: Rules): State {
  const { published: set, rejected, good } = state;
  if (set === undefined || rejected?.sequence === set.sequence || good?.sequence === set.sequence)
    return state;
  if (pendingTargets(state, targets).length > 0) return state;
  if (quarantineOf(state, set.digest)?.by === 'operator') return state;
  if (verifies && !isVerified(state)) return state;
  const { unverified: _, ...rest } = state;
  return taken(rest, set);
}

/** The set is good. When it is what the source shows, what was said of the source's earlier states is over. */
function taken(state: State, set: PublishedSet): State {
  const isShown = state.seen?.digest === set.digest;
  return keepQuarantine(withGood(state, set), ({ digest }) => !isShown && digest !== set.digest);
}

function withGood(state: State, set: PublishedSet): State {
  const { good } = state;
  const isOther = good !== undefined && good.digest !== set.digest;
  return { ...state, good: set, ...(isOther ? { previousGood: good } : {}) };
}

function isGood({ good, published }: State): boolean {
  return good !== undefined && good.digest === published?.digest;
}

/** What is published now is the previous set of the next one. */
function replaced(
  state: State,
  { set, unconcerned, before }: Pick<EventOf<'rolled-back'>, 'set' | 'unconcerned' | 'before'>,
  { targets }: Rules,
): State {
  const { previous: _, rejected: __, unverified: ___, former: ____, ...rest } = state;
  const skipped = targets.filter((target) => unconcerned.includes(target.name) && hasTaken(state, target));
  const moved = skipped.map(({ name, identity }) => [
    name,
    { ...state.targets[name], identity, acknowledged: set.sequence },
  ]);
  return {
    ...rest,
    ...(state.published === undefined ? {} : { previous: state.published.revision }),
    sequence: set.sequence,
    published: set,
    before: { sequence: set.sequence, values: before },
    targets: { ...state.targets, ...Object.fromEntries(moved) },
  };
}

function hasTaken(state: State, target: TargetId): boolean {
  return state.published !== undefined && acknowledgedBy(state, target) >= state.published.sequence;
}
