import { describe, expect, test } from 'vitest';
import type { Event, Rules } from '../../src/engine/machine/events.ts';
import { due, step } from '../../src/engine/machine/machine.ts';
import { emptyState, type PublishedSet, type State } from '../../src/engine/machine/state.ts';
import type { Digest, Revision } from '../../src/snapshot/entry.ts';

const at = '2026-01-01T00:00:00.000Z';
const targets = [
  { name: 'url1', identity: 'here' },
  { name: 'url2', identity: 'there' },
];
const rules: Rules = {
  keys: { setKey: 'set', reloadKey: 'reload' },
  targets,
  verifies: false,
  rollsBack: true,
  pinFault: () => undefined,
};
const verifying: Rules = { ...rules, verifies: true };

function set(generation: number, sequence: number, content: string): PublishedSet {
  return {
    generation: `..gen${generation}`,
    revision: `rev-${content}` as Revision,
    digest: `sha256:${content}` as Digest,
    sequence,
    publishedAt: at,
    files: 1,
    bytes: 1,
  };
}

const publish = (sequence: number, content: string): Event => ({
  type: 'published',
  set: set(sequence, sequence, content),
  revision: `rev-${content}` as Revision,
  unconcerned: [],
  before: {},
  handsOver: false,
});
const mend = (of: PublishedSet, unconcerned: readonly string[] = []): Event => ({
  type: 'mended',
  set: of,
  unconcerned,
  before: { url1: 'looked' },
});
const answer = (sequence: number, name: string, rejects = false): Event => ({
  type: 'answered',
  target: targets.find((target) => target.name === name) ?? { name, identity: '' },
  answer: rejects ? { class: 'rejected', detail: 'no' } : { class: 'accepted' },
  sequence,
});
const taken = (sequence: number): readonly Event[] => [answer(sequence, 'url1'), answer(sequence, 'url2')];

function stateAfter(events: readonly Event[], by: Rules = rules, from: State = emptyState): State {
  return events.reduce((state, event) => step(state, event, by, at).state, from);
}

const good = stateAfter([publish(1, 'a'), ...taken(1)]);
const repaired = set(1, 2, 'a');

describe('a published set that was put back', () => {
  test('has a new sequence, and is owed to every target', () => {
    const state = stateAfter([mend(repaired)], rules, good);
    expect(state).toMatchObject({ sequence: 2, published: repaired, good: { sequence: 1 } });
    expect(state.before).toEqual({ sequence: 2, values: { url1: 'looked' } });
    expect(due(state, rules)).toEqual({ kind: 'deliver', set: repaired, targets: ['url1', 'url2'] });
    expect(stateAfter(taken(2), rules, state).good).toEqual(repaired);
  });

  test('is not owed to a target that the repaired paths are not for', () => {
    const state = stateAfter([mend(repaired, ['url2'])], rules, good);
    expect(due(state, rules)).toMatchObject({ targets: ['url1'] });
  });

  test('is owed also to one that has not taken it before', () => {
    const state = stateAfter([publish(1, 'a'), answer(1, 'url1'), mend(repaired, ['url2'])]);
    expect(due(state, rules)).toMatchObject({ targets: ['url1', 'url2'] });
  });

  test('keeps what the one before it was, and what the source showed', () => {
    const second = stateAfter([publish(2, 'b'), ...taken(2)], rules, good);
    const state = stateAfter([mend(set(2, 3, 'b')), ...taken(3)], rules, second);
    expect(state.previous).toBe('rev-a');
    expect(state.seen).toEqual(second.seen);
    expect(state.previousGood?.digest).toBe('sha256:a');
  });

  test('is verified again', () => {
    const verified = stateAfter([publish(1, 'a'), ...taken(1), { type: 'verified', sequence: 1 }], verifying);
    const state = stateAfter([mend(repaired), ...taken(2)], verifying, verified);
    expect(due(state, verifying)).toMatchObject({ kind: 'verify', set: repaired });
    expect(stateAfter([{ type: 'verified', sequence: 2 }], verifying, state).good).toEqual(repaired);
  });

  test('that was rejected, and stays, is told again', () => {
    const rejected = stateAfter([publish(1, 'a'), answer(1, 'url1', true)]);
    expect(due(rejected, rules)).toBeUndefined();
    const state = stateAfter([mend(repaired)], rules, rejected);
    expect(due(state, rules)).toMatchObject({ kind: 'deliver' });
  });

  test('that is rejected then, having been good, is not quarantined', () => {
    const state = stateAfter([mend(repaired), answer(2, 'url1', true)], rules, good);
    expect(state.quarantine).toBeUndefined();
    expect(state.rejected?.sequence).toBe(2);
    expect(due(state, rules)).toBeUndefined();
  });

  test('gives way to the good one all the same when it is refused', () => {
    const bad = stateAfter([publish(2, 'b'), answer(2, 'url1', true), mend(set(2, 3, 'b'))], rules, good);
    expect(due(bad, rules)).toMatchObject({ kind: 'roll-back', to: { digest: 'sha256:a' } });
  });

  test('is not noted when another took its place meanwhile', () => {
    const state = stateAfter([publish(2, 'b')], rules, good);
    expect(stateAfter([mend(set(1, 3, 'a'))], rules, state)).toBe(state);
  });
});

describe('after a kill in a repair', () => {
  const open = (current: PublishedSet): Event => ({ type: 'opened', current });

  test('the sequence of the manifest holds, and the set is owed to every target', () => {
    const state = stateAfter([open(repaired)], rules, good);
    expect(state).toMatchObject({ sequence: 2, published: { generation: '..gen1', sequence: 2 } });
    expect(state.seen).toEqual(good.seen);
    expect(due(state, rules)).toMatchObject({ kind: 'deliver', targets: ['url1', 'url2'] });
  });

  test('an older sequence, and another content, are not believed', () => {
    const second = stateAfter([mend(repaired), ...taken(2)], rules, good);
    expect(stateAfter([open(set(1, 1, 'a'))], rules, second)).toEqual(second);
    expect(stateAfter([open(set(1, 9, 'edited'))], rules, good)).toEqual(good);
  });
});
