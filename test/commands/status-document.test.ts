import { expect, test } from 'vitest';
import { statusDocument } from '../../src/commands/status-document.ts';
import { emptyState, type PublishedSet, type Quarantine } from '../../src/engine/machine/state.ts';
import type { Digest, Revision } from '../../src/snapshot/entry.ts';

function set(sequence: number, content: string): PublishedSet {
  return {
    generation: `..gen${sequence}`,
    revision: content as Revision,
    digest: `sha256:${content}` as Digest,
    sequence,
    publishedAt: '2026-01-01T00:00:00.000Z',
    files: 1,
    bytes: 1,
  };
}

test('where a rollback by hand goes is told, and never a set that it would not go to', () => {
  const state = {
    ...emptyState,
    sequence: 2,
    published: set(2, 'b'),
    good: set(2, 'b'),
    previousGood: set(1, 'a'),
  };
  expect(statusDocument('git', state, { verifies: false }).rollsBackTo).toBe('a');
  const { revision, digest, publishedAt: at } = set(1, 'a');
  const refused: Quarantine = { setKey: 'set', by: 'gate', revision, digest, reason: 'invalid', at };
  expect(
    statusDocument('git', { ...state, quarantine: [refused] }, { verifies: false }).rollsBackTo,
  ).toBeUndefined();
});

test.each([
  ['verified', { verified: 2 }],
  ['pending', { verified: 1 }],
  ['unverified', { unverified: { sequence: 2, detail: 'ill', at: '' } }],
  ['failed', { rejected: { sequence: 2, detail: 'ill', reloadKey: '' } }],
] as const)('the verification is %s, and only told of where there is one', (expected, more) => {
  const state = { ...emptyState, sequence: 2, published: set(2, 'b'), ...more };
  expect(statusDocument('git', state, { verifies: true }).verification?.state).toBe(expected);
  expect(statusDocument('git', state, { verifies: false }).verification).toBeUndefined();
});

test.each([
  ['one that passed is remembered', { verified: 2 }, 'verified'],
  [
    'one that does not pass is remembered',
    { unverified: { sequence: 2, detail: 'ill', at: '' } },
    'unverified',
  ],
  ['a set that was handed over needed none', { baseline: 2 }, undefined],
  ['one of an earlier set says nothing', { verified: 1 }, undefined],
])('of the verification without the settings: %s', (_, more, expected) => {
  const state = { ...emptyState, sequence: 2, published: set(2, 'b'), ...more };
  expect(statusDocument('git', state, { verifies: undefined }).verification?.state).toBe(expected);
});

test('a layer that fails is told of, also by what the state remembers of it', () => {
  const failure = { kind: 'missing', message: 'gone', at: '2026-01-01T00:00:00.000Z' } as const;
  const state = { ...emptyState, layerFailures: { site: failure } };
  const layers = [
    { name: 'base', source: 'a', mount: '', revision: 'b1' as Revision },
    { name: 'site', source: 'b', mount: 'x', revision: 's1' as Revision },
  ];
  const document = statusDocument('git', state, { verifies: false, layers });
  expect(document.layers).toMatchObject([
    { name: 'base', mount: undefined, revision: 'b1', lastFailure: undefined },
    { name: 'site', mount: 'x', revision: 's1', lastFailure: failure },
  ]);
});
