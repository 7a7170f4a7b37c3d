import type { Failure } from '../../failure/failure.ts';
import { asked } from './asking.ts';
import type { Action, Event, Rules, Step } from './events.ts';
import { lost, reconciled, withoutFormerTargets } from './opening.ts';
import * as publishing from './publishing.ts';
import { isRefusedRevision, judged, quarantineOf, seenRefused, underSettings } from './quarantine.ts';
import { acknowledgedBy, isVerified, type PublishedSet, pendingTargets, type State } from './state.ts';

/**
 * The whole of what a change goes through, as one pure function: an event makes the next state, and the next state
 * says what to do. The engine writes the state to disk before it does it. `at` is ISO 8601.
 */
export function step(state: State, event: Event, rules: Rules, at: string): Step {
  switch (event.type) {
    case 'probed':
      return { state: seenRefused(state, event.revision, rules.keys), next: afterProbe(state, event) };
    case 'staged':
      return afterStage(state, event, rules, at);
    default: {
      const next = publishing.commitIfTaken(changed(state, event, rules, at), rules);
      return { state: next, next: due(next, rules) };
    }
  }
}

type Change = Exclude<Event, { readonly type: 'probed' | 'staged' }>;

function changed(state: State, event: Change, rules: Rules, at: string): State {
  switch (event.type) {
    case 'opened':
      return withoutFormerTargets(underSettings(reconciled(state, event.current), rules.keys), rules);
    case 'started':
      return started(state, event.policy);
    case 'settings-changed':
      return withoutFormerTargets(underSettings(state, rules.keys), rules);
    case 'lost':
      return lost(state);
    case 'refused':
      return publishing.refused(state, event, rules, at);
    case 'published':
      return publishing.published(state, event, rules, at);
    case 'handed-over':
      return publishing.handedOver(state);
    case 'answered':
      return answered(state, event, rules, at);
    case 'verified':
      return isPublished(state, event.sequence) ? verified(state, event.sequence) : state;
    case 'verification-failed':
      return isPublished(state, event.sequence)
        ? judged(state, rules.keys, { by: 'verification', detail: event.detail, at })
        : state;
    case 'unverified': {
      const { sequence, detail } = event;
      return isPublished(state, sequence) ? { ...state, unverified: { sequence, detail, at } } : state;
    }
    case 'rolled-back':
      return publishing.rolledBack(state, event, rules, at);
    case 'mended':
      return publishing.mended(state, event, rules);
    case 'moved':
      return publishing.moved(state, event, rules);
    case 'move-lost': {
      const { former: _, ...rest } = state;
      return rest;
    }
    case 'rollback-lost':
      return publishing.rollbackLost(state, event.detail, at);
    case 'asked':
      return asked(state, event.request, rules, at);
    case 'failed':
      return failed(state, event.failure, at);
    case 'recovered':
      return recovered(state, at);
    case 'layers-looked-at':
      return layersLookedAt(state, event.failures);
  }
}

/** What brings the published set, its targets and its verification together, one thing at a time. */
export function due(state: State, rules: Rules): Action | undefined {
  const { published, former } = state;
  const set = published ?? former;
  if (set === undefined) return undefined;
  const to = fallback(state);
  const verdict = quarantineOf(state, set.digest);
  const goesBack = rules.rollsBack || verdict?.by === 'operator';
  if (verdict !== undefined && to !== undefined && goesBack) return { kind: 'roll-back', to };
  if (published === undefined) return { kind: 'move', set };
  if (state.rejected?.sequence === set.sequence) return undefined;
  const targets = pendingTargets(state, rules.targets).map(({ name }) => name);
  if (targets.length > 0) return { kind: 'deliver', set, targets };
  if (rules.verifies && !isVerified(state)) {
    return { kind: 'verify', set, endless: to === undefined || !rules.rollsBack };
  }
  return undefined;
}

/** The good set that would take the place of the published one. */
function fallback({ published, former, good }: State): PublishedSet | undefined {
  return good?.digest === (published ?? former)?.digest ? undefined : good;
}

/** Whether a held sidecar may follow: only to its first set, without which nothing in the pod would start. */
export function isHeld({ hold, published }: State): boolean {
  return hold !== undefined && published !== undefined;
}

/** Where nothing is published, the last good set is better than nothing. */
function afterProbe(state: State, { revision }: Event & { readonly type: 'probed' }): Action | undefined {
  const isStuck = state.hold !== undefined || isRefusedRevision(state, revision);
  const to = state.published === undefined ? state.good : undefined;
  if (isStuck && to !== undefined) return { kind: 'roll-back', to };
  return isHeld(state) || isRefusedRevision(state, revision) ? undefined : { kind: 'follow' };
}

function afterStage(
  state: State,
  event: Event & { readonly type: 'staged' },
  rules: Rules,
  at: string,
): Step {
  // A person changed course while it was brought.
  if (isHeld(state) || event.pin !== state.pin?.revision) return { state, next: undefined };
  if (quarantineOf(state, event.digest) !== undefined) {
    return { state: publishing.refusedAgain(state, event, rules, at), next: undefined };
  }
  if (state.published?.digest === event.digest) {
    return { state: publishing.foundEqual(state, event, rules, at), next: undefined };
  }
  return { state, next: { kind: 'publish' } };
}

function started(state: State, policy: 'changed' | 'always' | 'never'): State {
  switch (policy) {
    case 'changed':
      return state;
    case 'always':
      return toldAgain(state);
    case 'never':
      return publishing.handedOver(state);
  }
}

/** Forgets what the targets acknowledged, so that each is told again. */
function toldAgain(state: State): State {
  const { rejected: _, verified: __, ...rest } = state;
  return { ...rest, baseline: 0, targets: {} };
}

/** An answer is on disk with everything that follows from it. */
function answered(
  state: State,
  event: Event & { readonly type: 'answered' },
  rules: Rules,
  at: string,
): State {
  const { target, answer, sequence } = event;
  const { name, identity } = target;
  const acknowledged = answer.class === 'accepted' ? sequence : acknowledgedBy(state, target);
  const lastAnswer = answer.class === 'accepted' ? { class: answer.class, at } : { ...answer, at };
  const known = { ...state, targets: { ...state.targets, [name]: { identity, acknowledged, lastAnswer } } };
  if (answer.class !== 'rejected' || !isPublished(state, sequence)) return known;
  return judged(known, rules.keys, { by: 'target', detail: answer.detail, at });
}

function verified(state: State, sequence: number): State {
  const { unverified: _, ...rest } = state;
  return { ...rest, verified: sequence };
}

function failed(state: State, failure: Failure, at: string): State {
  return {
    ...state,
    lastSync: { at, result: 'failed' },
    lastFailure: { kind: failure.kind, message: failure.message, at },
  };
}

/** A failure of the past is no news once the source answers; a refusal stays until the source moves. */
function recovered(state: State, at: string): State {
  const { lastFailure, ...rest } = state;
  if (lastFailure === undefined || lastFailure.kind === 'refused') return state;
  return state.lastSync?.result === 'failed' ? { ...rest, lastSync: { at, result: 'equal' } } : rest;
}

function layersLookedAt(
  { layerFailures: _, ...rest }: State,
  failures: NonNullable<State['layerFailures']>,
): State {
  return Object.keys(failures).length === 0 ? rest : { ...rest, layerFailures: failures };
}

function isPublished({ published }: State, sequence: number): boolean {
  return published?.sequence === sequence;
}
