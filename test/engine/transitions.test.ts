import { describe, expect, test } from 'vitest';
import { reconcile } from '../../src/engine/reconcile.ts';
import { emptyState, type PublishedSet, pendingTargets, type State } from '../../src/engine/state.ts';
import * as transitions from '../../src/engine/transitions.ts';
import { RefusedError, UnreachableError } from '../../src/failure/failure.ts';
import type { Generation } from '../../src/publish/generation.ts';
import type { Digest, Revision } from '../../src/snapshot/entry.ts';

const at = '2026-01-01T00:00:00.000Z';
const url = { name: 'url1', identity: 'here' };
const other = { name: 'url2', identity: 'there' };
const keys = { setKey: 'set', reloadKey: 'reload' };

function set(sequence: number, content: string): PublishedSet {
  return {
    generation: `..gen${sequence}`,
    revision: `rev-${content}` as Revision,
    digest: `sha256:${content}` as Digest,
    sequence,
    publishedAt: at,
    files: 1,
    bytes: 1,
  };
}

/** A published and taken, then B published, and rejected. */
function afterRejection(): State {
  let state = transitions.published(emptyState, set(1, 'a'), [url], at);
  state = transitions.caughtUp(state, 'key', 'rev-a' as Revision);
  state = transitions.commitIfTaken(transitions.answered(state, url, { class: 'accepted' }, 1, at), [url]);
  state = transitions.published(state, set(2, 'b'), [url], at);
  state = transitions.caughtUp(state, 'key', 'rev-b' as Revision);
  state = transitions.answered(state, url, { class: 'rejected', detail: 'no' }, 2, at);
  return transitions.rejected(state, keys, 'no', at);
}

describe('acknowledgement', () => {
  test('a published set is owed to every target until each has taken it', () => {
    let state = transitions.published(emptyState, set(1, 'a'), [url, other], at);
    expect(pendingTargets(state, [url, other])).toEqual([url, other]);
    state = transitions.answered(state, url, { class: 'accepted' }, 1, at);
    expect(pendingTargets(state, [url, other])).toEqual([other]);
    expect(transitions.commitIfTaken(state, [url, other]).good).toBeUndefined();
    state = transitions.answered(state, other, { class: 'accepted' }, 1, at);
    expect(transitions.commitIfTaken(state, [url, other]).good?.sequence).toBe(1);
  });

  test('an answer that is not an acceptance leaves it owed', () => {
    const state = transitions.published(emptyState, set(1, 'a'), [url], at);
    const answered = transitions.answered(state, url, { class: 'busy', detail: 'later' }, 1, at);
    expect(pendingTargets(answered, [url])).toEqual([url]);
    expect(answered.targets['url1']?.lastAnswer).toEqual({ class: 'busy', detail: 'later', at });
  });

  test('what another target of the same name took does not count', () => {
    const state = transitions.published(emptyState, set(1, 'a'), [url], at);
    const answered = transitions.answered(state, url, { class: 'accepted' }, 1, at);
    expect(pendingTargets(answered, [{ name: 'url1', identity: 'moved' }])).toHaveLength(1);
  });

  test('without targets a published set is good at once', () => {
    expect(transitions.published(emptyState, set(1, 'a'), [], at).good?.sequence).toBe(1);
  });

  test('init hands its set over to every target, known or not', () => {
    const state = transitions.handedOver(transitions.published(emptyState, set(1, 'a'), [url], at));
    expect(pendingTargets(state, [url, other])).toEqual([]);
    expect(state.good?.sequence).toBe(1);
  });
});

describe('a rejection', () => {
  test('quarantines the set and makes the last good one due', () => {
    const state = afterRejection();
    expect(state.quarantine).toMatchObject({ revision: 'rev-b', digest: 'sha256:b', reason: 'no' });
    expect(transitions.rollbackDue(state)?.sequence).toBe(1);
    expect(transitions.isQuarantined(state, 'rev-b' as Revision)).toBe(true);
    expect(transitions.isQuarantined(state, 'rev-a' as Revision)).toBe(false);
  });

  test('is over once the good set is published again, which is owed to every target', () => {
    const state = transitions.rolledBack(afterRejection(), set(3, 'a'), at);
    expect(transitions.rollbackDue(state)).toBeUndefined();
    expect(state.rolledBack).toEqual({ from: 'rev-b', reason: 'no', at });
    expect(state.quarantine?.revision).toBe('rev-b');
    expect(pendingTargets(state, [url])).toEqual([url]);
  });

  test('of the rolled back set is reported and leads nowhere else', () => {
    const back = transitions.rolledBack(afterRejection(), set(3, 'a'), at);
    const state = transitions.rejected(back, keys, 'still no', at);
    expect(transitions.rollbackDue(state)).toBeUndefined();
    expect(state.rejected).toMatchObject({ sequence: 3, detail: 'still no' });
    expect(state.quarantine?.revision).toBe('rev-b');
  });

  test('of the first set ever leaves it, for want of another', () => {
    const first = transitions.published(emptyState, set(1, 'a'), [url], at);
    const state = transitions.rejected(first, keys, 'no', at);
    expect(state.quarantine?.digest).toBe('sha256:a');
    expect(transitions.rollbackDue(state)).toBeUndefined();
  });

  test('is released when the source moves, also to content that was good', () => {
    const back = transitions.rolledBack(afterRejection(), set(3, 'a'), at);
    const state = transitions.foundEqual(back, 'key', 'rev-a2' as Revision, at);
    expect(state.quarantine).toBeUndefined();
    expect(state.rolledBack).toBeUndefined();
    expect(state.seen?.revision).toBe('rev-a2');
  });
});

describe('changed settings', () => {
  const rolledBack = () => transitions.rolledBack(afterRejection(), set(3, 'a'), at);

  test.each([
    ['of the targets', { setKey: 'set', reloadKey: 'other' }],
    ['of the set', { setKey: 'other', reloadKey: 'reload' }],
  ])('%s let a rejected set be tried again', (_, changed) => {
    const state = transitions.underSettings(rolledBack(), changed);
    expect(state.quarantine).toBeUndefined();
    expect(state.seen).toBeUndefined();
  });

  test('that are none leave it refused', () => {
    expect(transitions.underSettings(rolledBack(), keys)).toEqual(rolledBack());
  });

  test('of an init container, which tells nobody, release no rejected set', () => {
    const state = transitions.underSettings(rolledBack(), { setKey: 'other', reloadKey: undefined });
    expect(state.quarantine?.revision).toBe('rev-b');
  });

  test('let a rejected set that stayed be told again', () => {
    const first = transitions.rejected(
      transitions.published(emptyState, set(1, 'a'), [url], at),
      keys,
      'no',
      at,
    );
    expect(first.rejected?.sequence).toBe(1);
    const state = transitions.underSettings(first, { ...keys, reloadKey: 'mended' });
    expect(state.rejected).toBeUndefined();
    expect(pendingTargets(state, [url])).toEqual([url]);
  });
});

test('a restart that hands its set over does not make a rejected one good', () => {
  const state = transitions.handedOver(afterRejection());
  expect(state.good?.sequence).toBe(1);
  expect(transitions.rollbackDue(state)?.sequence).toBe(1);
});

describe('a refusal before the publish', () => {
  test('leaves what is published, and says why', () => {
    const before = transitions.published(emptyState, set(1, 'a'), [], at);
    const failure = new RefusedError({ setting: 'WHERRY_REQUIRE', problem: 'the set lacks "x"' });
    const state = transitions.refused(before, { setKey: 'set', revision: 'rev-b' as Revision }, failure, at);
    expect(state.published).toEqual(before.published);
    expect(state.quarantine?.reason).toBe('WHERRY_REQUIRE: the set lacks "x"');
    expect(transitions.rollbackDue(state)).toBeUndefined();
  });
});

test('a failure is forgotten when the source answers, a refusal is not', () => {
  const down = transitions.failed(emptyState, new UnreachableError({ problem: 'down' }), at);
  expect(transitions.recovered(down, at).lastFailure).toBeUndefined();
  expect(transitions.recovered(down, at).lastSync?.result).toBe('equal');
  const refused = transitions.failed(emptyState, new RefusedError({ problem: 'bad' }), at);
  expect(transitions.recovered(refused, at).lastFailure).toBeDefined();
});

describe('after a restart', () => {
  const generation = (sequence: number, content: string): Generation => {
    const { revision, digest, publishedAt } = set(sequence, content);
    const manifest = {
      version: 1,
      source: 's',
      revision,
      digest,
      sequence,
      publishedAt,
      dirMode: '0755',
      files: [],
    } as const;
    return { name: `..gen${sequence}`, directory: '', manifest };
  };
  const state: State = {
    ...transitions.caughtUp(
      transitions.published(emptyState, set(1, 'a'), [], at),
      'key',
      'rev-a' as Revision,
    ),
    targets: { url1: { identity: 'here', acknowledged: 1 } },
  };

  test('the same generation leaves the state as it is', () => {
    expect(reconcile(state, generation(1, 'a'), () => true)).toEqual(state);
  });

  test('a newer generation than the remembered one is owed to every target', () => {
    const after = reconcile(state, generation(2, 'b'), () => true);
    expect(after.published?.sequence).toBe(2);
    expect(after.sequence).toBe(2);
    expect(after.seen).toBeUndefined();
    expect(pendingTargets(after, [url])).toEqual([url]);
  });

  test('lost state is rebuilt from the generation, and its set is owed', () => {
    const after = reconcile(emptyState, generation(7, 'a'), () => true);
    expect(after).toMatchObject({ sequence: 7, published: { sequence: 7, revision: 'rev-a' } });
    expect(pendingTargets(after, [url])).toEqual([url]);
  });

  test('an empty target is published anew, with a sequence that nobody has seen', () => {
    const after = reconcile(state, undefined, () => false);
    expect(after.published).toBeUndefined();
    expect(after.seen).toBeUndefined();
    expect(after.sequence).toBe(1);
  });

  test('a link that was turned back to an older generation is not believed', () => {
    const newer = transitions.published(state, set(2, 'b'), [], at);
    const after = reconcile(newer, generation(1, 'a'), () => true);
    expect(after.published).toBeUndefined();
    expect(after.sequence).toBe(2);
  });

  test('a good set whose generation is gone is no place to go back to', () => {
    expect(reconcile(state, generation(1, 'a'), () => false).good).toBeUndefined();
  });
});
