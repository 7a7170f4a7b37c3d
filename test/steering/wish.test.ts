import { describe, expect, test } from 'vitest';
import { emptyState, type PublishedSet, type State } from '../../src/engine/machine/state.ts';
import type { Digest, Revision } from '../../src/snapshot/entry.ts';
import { inFull } from '../../src/steering/abbreviation.ts';
import { parseLastRequest, parseOutcome, wishOf } from '../../src/steering/wish.ts';

describe('a wish', () => {
  test.each([
    'main',
    'refs/tags/v1',
    'v1.2.3',
    'feature/x',
    'HEAD',
    'a'.repeat(40),
    'version:3/L4kq.x_Y',
    'release:r1@0a',
    'base=main,site=release:r1@0a',
    'site=etag:a%3Db%2Cc',
  ])('to pin %s can be', (revision) => {
    expect(wishOf('pin', revision)).toEqual({ action: 'pin', revision });
  });

  test.each([
    [undefined, 'pin: no revision was named; name a commit, a tag or a branch'],
    ['', 'no revision was named'],
    ['a b', 'pin: "a b" is not a branch, tag, refs/… or commit, nor a state of S3 such as version:…'],
    ['--upload-pack=x', 'is not a branch'],
    ['a..b', 'is not a branch'],
    ['base=main,site=a..b', 'is not a branch'],
    ['base=main,site=version: ', 'is not a branch'],
    ['a\0b', 'is not a branch'],
    ['x'.repeat(300), `pin: "${'x'.repeat(80)}…" is not a branch`],
  ])('to pin %j cannot be', (revision, message) => {
    expect(() => wishOf('pin', revision)).toThrow(message);
  });

  test('of another kind needs no revision', () => {
    expect(wishOf('rollback', undefined)).toEqual({ action: 'rollback' });
    expect(wishOf('hold', 'main')).toEqual({ action: 'hold' });
  });
});

describe('an outcome', () => {
  const outcome = { id: 'a', action: 'hold', result: 'done', detail: 'held', at: '2026-01-01T00:00:00.000Z' };

  test('is read as it was told', () => {
    expect(parseOutcome(JSON.stringify(outcome))).toEqual(outcome);
    expect(parseLastRequest(JSON.stringify({ version: '1', lastRequest: outcome }))).toEqual(outcome);
  });

  test.each(['', '[]', 'null', '{}', '"hold"', { ...outcome, action: 'x' }, { ...outcome, result: 1 }])(
    'is not %j',
    (value) => {
      expect(parseOutcome(value)).toBeUndefined();
    },
  );
});

describe('a short revision', () => {
  const ids = {
    published: `1111111${'a'.repeat(33)}`,
    previous: `2222222${'a'.repeat(33)}`,
    good: `3333333${'a'.repeat(33)}`,
    previousGood: `4444444${'a'.repeat(33)}`,
    refused: `5555555${'a'.repeat(33)}`,
    seen: `6666666${'a'.repeat(33)}`,
    from: `7777777${'a'.repeat(33)}`,
    pin: `8888888${'a'.repeat(33)}`,
  };
  const at = '2026-01-01T00:00:00.000Z';
  const set = (revision: string): PublishedSet => ({
    generation: 'g',
    revision: revision as Revision,
    digest: 'sha256:0' as Digest,
    sequence: 1,
    publishedAt: at,
    files: 1,
    bytes: 1,
  });
  const state: State = {
    ...emptyState,
    published: set(ids.published),
    previous: ids.previous as Revision,
    good: set(ids.good),
    previousGood: set(ids.previousGood),
    quarantine: [{ setKey: 'k', by: 'gate', revision: ids.refused as Revision, reason: 'bad', at }],
    seen: { key: 'k', revision: ids.seen as Revision },
    rolledBack: { from: ids.from as Revision, by: 'operator', reason: 'bad', at },
    pin: { revision: ids.pin as Revision, at },
  };
  const pinned = (revision: string, known: State | undefined = state) =>
    inFull({ action: 'pin', revision: revision as Revision }, known);

  test.each(Object.entries(ids))('is completed from what the state knows as %s', (_, id) => {
    expect(pinned(id.slice(0, 7))).toEqual({ action: 'pin', revision: id });
    expect(pinned(id.slice(0, 12).toUpperCase())).toEqual({ action: 'pin', revision: id });
  });

  test('of several known ones is refused, and they are named', () => {
    const other = `1111111${'b'.repeat(33)}`;
    const two = { ...state, previous: other as Revision };
    expect(() => pinned('1111111', two)).toThrow(
      `pin: "1111111" is short for ${ids.published} and ${other}; write more of it`,
    );
    expect(pinned('1111111b', two)).toEqual({ action: 'pin', revision: other });
  });

  test.each([state, emptyState, undefined])('of none is refused with the cure', (known) => {
    expect(() => pinned('abcdef0', known)).toThrow(
      'pin: "abcdef0" is the beginning of no revision that this sidecar has seen; write the whole commit id, or a tag or branch as refs/tags/abcdef0 or refs/heads/abcdef0',
    );
  });

  test.each(['main', 'abc', '111111', 'refs/heads/1111111', 'f'.repeat(40), 'f'.repeat(64)])(
    'is not %s, which stays as it is',
    (revision) => {
      expect(pinned(revision)).toEqual({ action: 'pin', revision });
    },
  );

  test('of a layer is completed from what the state knows of that layer', () => {
    const layered = { ...emptyState, published: set(`base=${ids.published},site=release:r1`), at };
    const whole = `base=${ids.published},site=release:r0`;
    expect(pinned('base=1111111,site=release:r0', layered)).toEqual({ action: 'pin', revision: whole });
    expect(pinned('base=v1', layered)).toEqual({ action: 'pin', revision: 'base=v1' });
    expect(() => pinned('base=2222222', layered)).toThrow('the beginning of no revision');
    expect(pinned('other=1111111', layered)).toEqual({ action: 'pin', revision: 'other=1111111' });
    expect(pinned('base=1111111')).toEqual({ action: 'pin', revision: 'base=1111111' });
  });

  test('matters to no other wish', () => {
    expect(inFull({ action: 'hold' }, state)).toEqual({ action: 'hold' });
  });
});
