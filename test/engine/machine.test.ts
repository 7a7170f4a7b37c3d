import { describe, expect, test } from 'vitest';
import type { Event, Rules } from '../../src/engine/machine/events.ts';
import { due, step } from '../../src/engine/machine/machine.ts';
import { currentQuarantine } from '../../src/engine/machine/quarantine.ts';
import type { Wish } from '../../src/engine/machine/request.ts';
import {
  currentAnswer,
  emptyState,
  type PublishedSet,
  pendingTargets,
  type State,
} from '../../src/engine/machine/state.ts';
import { RefusedError, UnreachableError } from '../../src/failure/failure.ts';
import type { Answer } from '../../src/reload/target.ts';
import type { Digest, Revision } from '../../src/snapshot/entry.ts';

const at = '2026-01-01T00:00:00.000Z';
const url = { name: 'url1', identity: 'here' };
const other = { name: 'url2', identity: 'there' };
const rules: Rules = {
  keys: { setKey: 'set', reloadKey: 'reload' },
  targets: [url],
  verifies: false,
  rollsBack: true,
  pinFault: (name) => (name.startsWith('no ') ? `${name} cannot be` : undefined),
};
const verifying: Rules = { ...rules, verifies: true };

function set(sequence: number, content: string): PublishedSet {
  return {
    generation: `..gen${sequence}`,
    revision: revision(content),
    digest: `sha256:${content}` as Digest,
    sequence,
    publishedAt: at,
    files: 1,
    bytes: 1,
  };
}

function revision(content: string): Revision {
  return `rev-${content}` as Revision;
}

const publish = (sequence: number, content: string, more: Partial<Event> = {}): Event =>
  ({
    type: 'published',
    set: set(sequence, content),
    revision: revision(content),
    unconcerned: [],
    before: {},
    handsOver: false,
    ...more,
  }) as Event;
const rolledBackTo = (sequence: number, content: string): Event => ({
  type: 'rolled-back',
  set: set(sequence, content),
  unconcerned: [],
  before: {},
});
const answer = (sequence: number, said: Answer, target = url): Event => ({
  type: 'answered',
  target,
  answer: said,
  sequence,
});
const accept = (sequence: number, target = url) => answer(sequence, { class: 'accepted' }, target);
const reject = (sequence: number) => answer(sequence, { class: 'rejected', detail: 'no' });
const stage = (content: string, as = content): Event => ({
  type: 'staged',
  revision: revision(as),
  digest: `sha256:${content}` as Digest,
  pin: undefined,
});
const ask = (wish: Wish, id = 'one'): Event => ({ type: 'asked', request: { ...wish, id } });

function stateAfter(events: readonly Event[], under: Rules = rules, from: State = emptyState): State {
  return events.reduce((state, event) => step(state, event, under, at).state, from);
}

/** A published and taken, then B published, and rejected. */
const rejection = [publish(1, 'a'), accept(1), publish(2, 'b'), reject(2)] as const;

describe('acknowledgement', () => {
  const two: Rules = { ...rules, targets: [url, other] };

  test('a published set is owed to every target until each has taken it', () => {
    const first = stateAfter([publish(1, 'a')], two);
    expect(due(first, two)).toMatchObject({ kind: 'deliver', targets: ['url1', 'url2'] });
    const second = stateAfter([accept(1)], two, first);
    expect(due(second, two)).toMatchObject({ kind: 'deliver', targets: ['url2'] });
    expect(second.good).toBeUndefined();
    const third = stateAfter([accept(1, other)], two, second);
    expect(due(third, two)).toBeUndefined();
    expect(third.good?.sequence).toBe(1);
  });

  test.each(['not-up', 'busy', 'misconfigured'] as const)('an answer "%s" leaves it owed', (name) => {
    const state = stateAfter([publish(1, 'a'), answer(1, { class: name, detail: 'later' })]);
    expect(due(state, rules)?.kind).toBe('deliver');
    expect(state.targets['url1']?.lastAnswer).toEqual({ class: name, detail: 'later', at });
    expect(state.quarantine).toBeUndefined();
  });

  test('what another target of the same name took does not count', () => {
    const state = stateAfter([publish(1, 'a'), accept(1)]);
    expect(pendingTargets(state, [{ name: 'url1', identity: 'moved' }])).toHaveLength(1);
  });

  test('without targets a published set is good at once', () => {
    expect(stateAfter([publish(1, 'a')], { ...rules, targets: [] }).good?.sequence).toBe(1);
  });

  test('a set that is handed over is owed to nobody', () => {
    const state = stateAfter([publish(1, 'a'), { type: 'handed-over' }], verifying);
    expect(due(state, { ...verifying, targets: [url, other] })).toBeUndefined();
    expect(state.good?.sequence).toBe(1);
  });

  test('a change that is not for a target counts as taken by it, if it had taken the one before', () => {
    const skipping = { unconcerned: ['url2'] } as Partial<Event>;
    const taken = [publish(1, 'a'), accept(1), accept(1, other)];
    const state = stateAfter([...taken, publish(2, 'b', skipping)], two);
    expect(due(state, two)).toMatchObject({ targets: ['url1'] });
    const owing = stateAfter([publish(1, 'a'), accept(1), publish(2, 'b', skipping)], two);
    expect(due(owing, two)).toMatchObject({ targets: ['url1', 'url2'] });
  });

  test.each([
    ['changed', false],
    ['always', true],
  ] as const)('a start under WHERRY_RELOAD_ON_START=%s owes a taken set again: %s', (policy, isOwed) => {
    const state = stateAfter([publish(1, 'a'), accept(1), { type: 'started', policy }]);
    expect(due(state, rules) !== undefined).toBe(isOwed);
  });
});

describe('a rejection', () => {
  test('quarantines the set and makes the last good one due', () => {
    const state = stateAfter(rejection);
    expect(state.quarantine).toMatchObject([
      { by: 'target', revision: 'rev-b', digest: 'sha256:b', reason: 'no' },
    ]);
    expect(due(state, rules)).toMatchObject({ kind: 'roll-back', to: { sequence: 1 } });
  });

  test('is over once the good set is published again, which is owed to every target', () => {
    const state = stateAfter([...rejection, rolledBackTo(3, 'a')]);
    expect(due(state, rules)).toMatchObject({ kind: 'deliver', set: { sequence: 3 } });
    expect(state.rolledBack).toEqual({ from: 'rev-b', by: 'target', reason: 'no', at });
    const taken = stateAfter([accept(3)], rules, state);
    expect(currentQuarantine(taken)?.revision).toBe('rev-b');
    expect(due(taken, rules)).toBeUndefined();
  });

  test('of the rolled back set is reported and leads nowhere else', () => {
    const state = stateAfter([...rejection, rolledBackTo(3, 'a'), reject(3)]);
    expect(due(state, rules)).toBeUndefined();
    expect(state.rejected).toMatchObject({ sequence: 3, detail: 'no' });
    expect(state.quarantine).toHaveLength(1);
  });

  test('of the first set ever leaves it, for want of another', () => {
    const state = stateAfter([publish(1, 'a'), reject(1)]);
    expect(currentQuarantine(state)?.digest).toBe('sha256:a');
    expect(due(state, rules)).toBeUndefined();
  });

  test('with WHERRY_ROLLBACK=false leaves the set where it is', () => {
    const state = stateAfter(rejection, { ...rules, rollsBack: false });
    expect(due(state, { ...rules, rollsBack: false })).toBeUndefined();
    expect(state.rejected?.sequence).toBe(2);
  });

  test('that comes late, of a set that was replaced meanwhile, judges nothing', () => {
    const state = stateAfter([publish(1, 'a'), accept(1), publish(2, 'b'), publish(3, 'c'), reject(2)]);
    expect(state.quarantine).toBeUndefined();
    expect(due(state, rules)).toMatchObject({ kind: 'deliver', set: { sequence: 3 } });
  });
});

describe('a quarantined set', () => {
  const back = () => stateAfter([...rejection, rolledBackTo(3, 'a'), accept(3)]);

  test('is not followed, whatever its revision is called', () => {
    expect(step(back(), { type: 'probed', revision: revision('b') }, rules, at).next).toBeUndefined();
    const renamed = step(back(), stage('b', 'b2'), rules, at);
    expect(renamed.next).toBeUndefined();
    expect(currentQuarantine(renamed.state)?.revision).toBe('rev-b2');
  });

  test('stays refused while the source shows one bad set after another', () => {
    const second = stateAfter([publish(4, 'c'), reject(4), rolledBackTo(5, 'a'), accept(5)], rules, back());
    expect(second.quarantine?.map((one) => one.revision)).toEqual(['rev-b', 'rev-c']);
    expect(step(second, stage('b'), rules, at).next).toBeUndefined();
    expect(step(second, stage('d'), rules, at).next).toEqual({ kind: 'publish' });
  });

  test('is released when the source goes back to what is good', () => {
    const { state } = step(back(), stage('a', 'a2'), rules, at);
    expect(state.quarantine).toBeUndefined();
    expect(state.rolledBack).toBeUndefined();
    expect(state.seen?.revision).toBe('rev-a2');
    expect(step(state, stage('b'), rules, at).next).toEqual({ kind: 'publish' });
  });

  test('is released when a later set of the source is good', () => {
    const later = stateAfter([publish(4, 'c')], rules, back());
    expect(later.quarantine).toHaveLength(1);
    expect(stateAfter([accept(4)], rules, later).quarantine).toBeUndefined();
  });

  test.each([
    ['of the targets', { setKey: 'set', reloadKey: 'other' }],
    ['of the set', { setKey: 'other', reloadKey: 'reload' }],
  ])('is released by changed settings %s', (_, keys) => {
    const state = stateAfter([{ type: 'settings-changed' }], { ...rules, keys }, back());
    expect(state.quarantine).toBeUndefined();
    expect(state.seen).toBeUndefined();
  });

  test('is not released by settings that did not change', () => {
    expect(stateAfter([{ type: 'settings-changed' }], rules, back())).toEqual(back());
  });

  test('is not released by an init container, which tells nobody', () => {
    const keys = { setKey: 'other', reloadKey: undefined };
    const state = stateAfter([{ type: 'settings-changed' }], { ...rules, keys, targets: [] }, back());
    expect(state.quarantine).toHaveLength(1);
  });

  test('does not become good by being handed over', () => {
    const state = stateAfter([...rejection, { type: 'handed-over' }]);
    expect(state.good?.sequence).toBe(1);
    expect(due(state, rules)?.kind).toBe('roll-back');
  });

  test('that stayed is told again under changed settings of its targets', () => {
    const first = stateAfter([publish(1, 'a'), reject(1)]);
    const mended = { ...rules, keys: { ...rules.keys, reloadKey: 'mended' } };
    const state = stateAfter([{ type: 'settings-changed' }], mended, first);
    expect(due(state, mended)?.kind).toBe('deliver');
  });

  test('that is not rolled back yet is told again, not kept, when settings of the set release it', () => {
    const keyed = { ...rules, keys: { ...rules.keys, setKey: 'other' } };
    const released = stateAfter([{ type: 'settings-changed' }], keyed, stateAfter(rejection));
    expect(due(released, keyed)?.kind).toBe('deliver');
    expect(due(stateAfter([reject(2)], keyed, released), keyed)?.kind).toBe('roll-back');
  });
});

describe('a refusal before the publish', () => {
  const failure = new RefusedError({ setting: 'WHERRY_REQUIRE', problem: 'the set lacks "x"' });
  const refuse: Event = { type: 'refused', revision: revision('b'), digest: undefined, failure };

  test('leaves what is published, and says why', () => {
    const state = stateAfter([publish(1, 'a'), accept(1), refuse]);
    expect(state.published?.sequence).toBe(1);
    expect(currentQuarantine(state)).toMatchObject({
      by: 'gate',
      reason: 'WHERRY_REQUIRE: the set lacks "x"',
    });
    expect(due(state, rules)).toBeUndefined();
  });

  test('is over when the source shows something else that is good', () => {
    const state = stateAfter([publish(1, 'a'), accept(1), refuse, publish(2, 'c'), accept(2)]);
    expect(state.quarantine).toBeUndefined();
    expect(state.lastFailure).toBeUndefined();
  });
});

describe('verification', () => {
  test('is due when every target took the set, and makes it good', () => {
    const taken = stateAfter([publish(1, 'a'), accept(1)], verifying);
    expect(taken.good).toBeUndefined();
    expect(due(taken, verifying)).toMatchObject({ kind: 'verify', endless: true });
    const state = stateAfter([{ type: 'verified', sequence: 1 }], verifying, taken);
    expect(state.good?.sequence).toBe(1);
    expect(due(state, verifying)).toBeUndefined();
  });

  const good = [publish(1, 'a'), accept(1), { type: 'verified', sequence: 1 }] as const;
  const fail = (sequence: number): Event => ({ type: 'verification-failed', sequence, detail: 'sick' });

  test('that fails rolls back', () => {
    const taken = stateAfter([...good, publish(2, 'b'), accept(2)], verifying);
    expect(due(taken, verifying)).toMatchObject({ kind: 'verify', endless: false });
    const state = stateAfter([fail(2)], verifying, taken);
    expect(due(state, verifying)).toMatchObject({ kind: 'roll-back', to: { sequence: 1 } });
    expect(currentQuarantine(state)).toMatchObject({ by: 'verification', reason: 'sick' });
  });

  test('of a rolled back set goes on until it is well, and says that it is not', () => {
    const back = stateAfter(
      [...good, publish(2, 'b'), accept(2), fail(2), rolledBackTo(3, 'a'), accept(3)],
      verifying,
    );
    expect(due(back, verifying)).toMatchObject({ kind: 'verify', endless: true });
    const sick = stateAfter([{ type: 'unverified', sequence: 3, detail: 'still sick' }], verifying, back);
    expect(sick.unverified?.detail).toBe('still sick');
    expect(due(sick, verifying)?.kind).toBe('verify');
    const well = stateAfter([{ type: 'verified', sequence: 3 }], verifying, sick);
    expect(well.unverified).toBeUndefined();
    expect(due(well, verifying)).toBeUndefined();
  });

  test('of a set that was replaced meanwhile says nothing of the present one', () => {
    const state = stateAfter([...good, publish(2, 'b'), accept(2), publish(3, 'c'), fail(2)], verifying);
    expect(state.quarantine).toBeUndefined();
    expect(stateAfter([{ type: 'verified', sequence: 2 }], verifying, state).good?.sequence).toBe(1);
  });
});

describe('by hand', () => {
  const two = [publish(1, 'a'), accept(1), publish(2, 'b'), accept(2)] as const;
  const probed: Event = { type: 'probed', revision: revision('c') };

  test('hold follows nothing, and keeps what is under way from being published', () => {
    const state = stateAfter([...two, ask({ action: 'hold' })]);
    expect(step(state, probed, rules, at).next).toBeUndefined();
    expect(step(state, stage('c'), rules, at).next).toBeUndefined();
    expect(state.lastRequest).toMatchObject({ id: 'one', result: 'done' });
  });

  test('hold does not keep a rejected set from being rolled back', () => {
    const state = stateAfter([
      publish(1, 'a'),
      accept(1),
      publish(2, 'b'),
      ask({ action: 'hold' }),
      reject(2),
    ]);
    expect(due(state, rules)?.kind).toBe('roll-back');
  });

  test('hold lets the first set of all through', () => {
    const state = stateAfter([ask({ action: 'hold' })]);
    expect(step(state, probed, rules, at).next).toEqual({ kind: 'follow' });
  });

  test('pin ends a hold, and what was brought under another pin is not published', () => {
    const pin: Wish = { action: 'pin', revision: revision('a') };
    const state = stateAfter([...two, ask({ action: 'hold' }), ask(pin, 'two')]);
    expect(state.hold).toBeUndefined();
    expect(state.pin?.revision).toBe('rev-a');
    expect(state.seen).toBeUndefined();
    expect(step(state, stage('c'), rules, at).next).toBeUndefined();
    const pinned = { ...stage('a'), pin: revision('a') } as Event;
    expect(step(state, pinned, rules, at).next).toEqual({ kind: 'publish' });
  });

  test('a pin that no state of the source can be called is refused, and changes nothing', () => {
    const before = stateAfter([...two, ask({ action: 'hold' })]);
    const { state } = step(before, ask({ action: 'pin', revision: 'no such' as Revision }, 'two'), rules, at);
    expect(state.lastRequest).toMatchObject({ result: 'refused', detail: 'no such cannot be' });
    expect({ ...state, lastRequest: undefined }).toEqual({ ...before, lastRequest: undefined });
  });

  test('what is rejected after a resume is said to be refused as soon as the source shows it again', () => {
    const resumed = [publish(1, 'a'), accept(1), publish(2, 'b'), ask({ action: 'resume' }), reject(2)];
    const state = stateAfter([...resumed, rolledBackTo(3, 'a'), accept(3)]);
    expect(currentQuarantine(state)).toBeUndefined();
    const probed = step(state, { type: 'probed', revision: revision('b') }, rules, at);
    expect(probed.next).toBeUndefined();
    expect(currentQuarantine(probed.state)).toMatchObject({ revision: 'rev-b', by: 'target' });
    const again = step(probed.state, { type: 'probed', revision: revision('b') }, rules, at);
    expect(again.state).toBe(probed.state);
  });

  test('resume ends hold and pin, and lets what was refused be tried again', () => {
    const state = stateAfter([...rejection, rolledBackTo(3, 'a'), accept(3), ask({ action: 'resume' })]);
    expect(state.quarantine).toBeUndefined();
    expect(step(state, stage('b'), rules, at).next).toEqual({ kind: 'publish' });
  });

  test('rollback goes to the good set before the present one, which stays away', () => {
    const state = stateAfter([...two, ask({ action: 'rollback' })], { ...rules, rollsBack: false });
    expect(due(state, { ...rules, rollsBack: false })).toMatchObject({
      kind: 'roll-back',
      to: { sequence: 1 },
    });
    expect(state.lastRequest?.result).toBe('under-way');
    const back = stateAfter([rolledBackTo(3, 'a'), accept(3)], rules, state);
    expect(back.lastRequest).toMatchObject({ result: 'done', detail: 'rolled back to rev-a' });
    expect(currentQuarantine(back)).toMatchObject({ by: 'operator', revision: 'rev-b' });
    expect(step(back, stage('b', 'b2'), rules, at).next).toBeUndefined();
    expect(step(back, stage('c'), rules, at).next).toEqual({ kind: 'publish' });
  });

  test('what a person refused is not released by changed settings', () => {
    const state = stateAfter([...two, ask({ action: 'rollback' }), rolledBackTo(3, 'a'), accept(3)]);
    const other = { ...rules, keys: { setKey: 'other', reloadKey: 'other' } };
    expect(stateAfter([{ type: 'settings-changed' }], other, state).quarantine).toHaveLength(1);
  });

  test('rollback without an earlier good set is refused', () => {
    const state = stateAfter([publish(1, 'a'), accept(1), ask({ action: 'rollback' })]);
    expect(state.lastRequest?.result).toBe('refused');
    expect(due(state, rules)).toBeUndefined();
  });

  test('rollback to a set that is not to be had any more leaves the present one good', () => {
    const state = stateAfter([
      ...two,
      ask({ action: 'rollback' }),
      { type: 'rollback-lost', detail: 'gone' },
    ]);
    expect(state.lastRequest).toMatchObject({ result: 'refused', detail: 'gone' });
    expect(state.quarantine).toBeUndefined();
    expect(state.good?.sequence).toBe(2);
    expect(due(state, rules)).toBeUndefined();
  });

  test('a rollback that is lost makes no set good that was rejected, or that nobody took yet', () => {
    const lost = [ask({ action: 'rollback' }), { type: 'rollback-lost', detail: 'gone' }] as const;
    for (const said of [[], [reject(2)]]) {
      const state = stateAfter([publish(1, 'a'), accept(1), publish(2, 'b'), ...said, ...lost]);
      expect(state.lastRequest?.result).toBe('refused');
      expect(state.good).toBeUndefined();
      expect(due(stateAfter([publish(3, 'c'), reject(3)], rules, state), rules)).toBeUndefined();
    }
  });

  test('what a target says of a set that a person has just refused does not keep it', () => {
    const stays = { ...rules, rollsBack: false };
    const events = [publish(1, 'a'), accept(1), publish(2, 'b'), ask({ action: 'rollback' }), reject(2)];
    expect(due(stateAfter(events, stays), stays)).toMatchObject({ kind: 'roll-back', to: { sequence: 1 } });
  });

  test('a rollback that a newer set overtakes is told as that', () => {
    const state = stateAfter([...two, ask({ action: 'rollback' }), publish(3, 'c'), accept(3)]);
    expect(state.lastRequest).toMatchObject({ result: 'refused', detail: 'overtaken by rev-c' });
  });

  test('a request that is delivered twice is carried out once', () => {
    const state = stateAfter([...two, ask({ action: 'rollback' }), rolledBackTo(3, 'a'), accept(3)]);
    expect(stateAfter([ask({ action: 'rollback' })], rules, state)).toEqual(state);
  });
});

test('a failure is forgotten when the source answers, a refusal is not', () => {
  const down: Event = { type: 'failed', failure: new UnreachableError({ problem: 'down' }) };
  const state = stateAfter([down, { type: 'recovered' }]);
  expect(state.lastFailure).toBeUndefined();
  expect(state.lastSync?.result).toBe('equal');
  const bad: Event = { type: 'failed', failure: new RefusedError({ problem: 'bad' }) };
  expect(stateAfter([bad, { type: 'recovered' }]).lastFailure).toBeDefined();
});

test('what a target said of a set that is gone is not its answer to the one that took its place', () => {
  const rejected = answer(2, { class: 'rejected', detail: 'no' });
  const bad = stateAfter([publish(1, 'a'), accept(1), publish(2, 'b'), rejected]);
  expect(currentAnswer(bad, url.name)).toMatchObject({ class: 'rejected', detail: 'no' });
  const back = stateAfter([rolledBackTo(3, 'a')], rules, bad);
  expect(pendingTargets(back, [url])).toEqual([url]);
  expect(currentAnswer(back, url.name)).toBeUndefined();
  const busy = stateAfter([answer(3, { class: 'busy', detail: 'wait' })], rules, back);
  expect(currentAnswer(busy, url.name)).toMatchObject({ class: 'busy' });
});

describe('after a restart', () => {
  const known = stateAfter([publish(1, 'a'), accept(1)]);
  const open = (current: PublishedSet | undefined): Event => ({ type: 'opened', current });

  test('the same generation leaves the state as it is', () => {
    expect(stateAfter([open(set(1, 'a'))], rules, known)).toEqual(known);
  });

  test.each([
    ['named no more', []],
    ['another one under the same name', [{ ...url, identity: 'elsewhere' }]],
  ])('a target that is %s is forgotten, and what it said with it', (_, targets) => {
    const owing = stateAfter([answer(1, { class: 'busy', detail: 'wait' })], rules, known);
    const state = stateAfter([open(set(1, 'a'))], { ...rules, targets }, owing);
    expect(state.targets).toEqual({});
    expect(pendingTargets(state, targets)).toEqual(targets);
  });

  test('an init container, which tells nobody, forgets no target', () => {
    const keys = { ...rules.keys, reloadKey: undefined };
    const state = stateAfter([open(set(1, 'a'))], { ...rules, keys, targets: [] }, known);
    expect(state.targets).toEqual(known.targets);
  });

  test('a newer generation than the remembered one is owed to every target', () => {
    const state = stateAfter([open(set(2, 'b'))], rules, known);
    expect(state).toMatchObject({ sequence: 2, published: { sequence: 2 } });
    expect(state.seen).toBeUndefined();
    expect(due(state, rules)?.kind).toBe('deliver');
  });

  test('lost state is rebuilt from the generation, and its set is owed', () => {
    const state = stateAfter([open(set(7, 'a'))]);
    expect(state).toMatchObject({ sequence: 7, published: { sequence: 7, revision: 'rev-a' } });
    expect(due(state, rules)?.kind).toBe('deliver');
  });

  test('an empty target is published anew, with a sequence that nobody has seen', () => {
    const state = stateAfter([open(undefined)], rules, known);
    expect(state.published).toBeUndefined();
    expect(state.seen).toBeUndefined();
    expect(state.sequence).toBe(1);
  });

  test('an empty target whose source shows a refused set gets the good one back', () => {
    const back = stateAfter([...rejection, rolledBackTo(3, 'a'), accept(3), open(undefined)]);
    const { next } = step(back, { type: 'probed', revision: revision('b') }, rules, at);
    expect(next).toMatchObject({ kind: 'roll-back', to: { sequence: 3 } });
  });

  describe('in another mode', () => {
    const moved = (sequence: number, content: string, handsOver = false): Event => ({
      type: 'moved',
      set: set(sequence, content),
      unconcerned: [],
      before: {},
      handsOver,
    });

    test('the published set is due where readers look now, and owed to every target again', () => {
      const opened = stateAfter([open(undefined)], rules, known);
      expect(due(opened, rules)).toEqual({ kind: 'move', set: known.published });
      const state = stateAfter([moved(2, 'a')], rules, opened);
      expect(state).toMatchObject({ published: { sequence: 2 }, good: { sequence: 1 } });
      expect(state.former).toBeUndefined();
      expect(due(state, rules)).toMatchObject({ kind: 'deliver', targets: ['url1'] });
      expect(stateAfter([accept(2)], rules, state).good?.sequence).toBe(2);
    });

    test('the good set is kept where it was moved to: what the mode before had goes', () => {
      const good = { generation: '..gen2', sequence: 1 };
      const state = stateAfter([open(undefined), moved(2, 'a'), publish(3, 'b')], rules, known);
      expect(state.good).toMatchObject(good);
      // The kill came between the swap and the note of it.
      expect(stateAfter([open(set(2, 'a'))], rules, known).good).toMatchObject(good);
    });

    test('it is due also while publishing is frozen', () => {
      const opened = stateAfter([ask({ action: 'hold' }), open(undefined)], rules, known);
      expect(due(opened, rules)?.kind).toBe('move');
    });

    test('an init container hands it over', () => {
      const state = stateAfter([open(undefined), moved(2, 'a', true)], rules, known);
      expect(due(state, rules)).toBeUndefined();
      expect(state.good?.sequence).toBe(2);
    });

    test('a refused set gives way to the good one', () => {
      const state = stateAfter([...rejection, open(undefined)]);
      expect(due(state, rules)).toMatchObject({ kind: 'roll-back', to: { sequence: 1 } });
      const back = stateAfter([rolledBackTo(3, 'a')], rules, state);
      expect(back).toMatchObject({ published: { sequence: 3 }, rolledBack: { from: 'rev-b', by: 'target' } });
    });

    test('without its copy it is the source that brings it', () => {
      const state = stateAfter([open(undefined), { type: 'move-lost' }], rules, known);
      expect(due(state, rules)).toBeUndefined();
      expect(step(state, { type: 'probed', revision: revision('a') }, rules, at).next?.kind).toBe('follow');
    });

    test('back in the mode before, the newer set of the other one is due', () => {
      const newer = stateAfter([open(undefined), moved(2, 'a')], rules, known);
      const state = stateAfter([open(set(1, 'a'))], rules, newer);
      expect(due(state, rules)).toMatchObject({ kind: 'move', set: { sequence: 2 } });
    });

    test('a target that lost its generation while Wherry runs has none elsewhere', () => {
      expect(due(stateAfter([{ type: 'lost' }], rules, known), rules)).toBeUndefined();
    });
  });

  test('a link that was turned back to an older generation is not believed', () => {
    const newer = stateAfter([publish(2, 'b')], rules, known);
    const state = stateAfter([open(set(1, 'a'))], rules, newer);
    expect(state.published).toBeUndefined();
    expect(state.sequence).toBe(2);
  });
});
