import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MissingError, RefusedError, UnsettledError } from '../../../../src/failure/failure.ts';
import type { Revision } from '../../../../src/snapshot/entry.ts';
import { pathFilterOf } from '../../../../src/snapshot/path-filter.ts';
import { ListingDigest } from '../../../../src/sources/s3/layouts/listing-digest.ts';
import { SettlingLayout, type SettlingOptions } from '../../../../src/sources/s3/layouts/settling.ts';
import type { ETag, ListedObject } from '../../../../src/sources/s3/store/store.ts';
import { MemoryStore, type MemoryStoreOptions } from '../../../support/memory-store.ts';
import { RecordingLog } from '../../../support/recording-log.ts';
import { prefixOptions, read, signal } from './prefix-bench.ts';

function bench(changes: Partial<SettlingOptions> = {}, storeOptions?: MemoryStoreOptions) {
  const store = new MemoryStore(storeOptions);
  const log = new RecordingLog();
  for (const name of ['a', 'b', 'c']) store.put(`conf/${name}`, `${name} 1`);
  const options: SettlingOptions = {
    ...prefixOptions(store, log),
    concurrency: 2,
    settle: 1,
    pollInterval: 30_000,
    ...changes,
  };
  const warnings = () => log.of('warn');
  return { store, warnings, options, layout: new SettlingLayout(options) };
}

/** Does something before the request of that number, counted from 1. */
function atRequest(store: MemoryStore, number: number, act: () => void): void {
  const before = store.requests.length;
  store.before = () => {
    if (store.requests.length - before === number) act();
  };
}

describe('a prefix without a marker', () => {
  test('is one set, whose revision moves with its listing', async () => {
    const { store, layout } = bench();
    expect(await read(layout)).toEqual({ a: 'a 1', b: 'b 1', c: 'c 1' });
    const { revision } = await layout.snapshot(signal);
    expect(revision).toMatch(/^listing:[0-9a-f]{32}$/);
    expect(await layout.probe(revision, signal)).toEqual({ kind: 'unchanged' });
    expect(await layout.probe(undefined, signal)).toEqual({ kind: 'moved', revision });
    store.now += 1000;
    store.put('conf/a', 'a 1');
    expect(await layout.probe(revision, signal)).toMatchObject({ kind: 'moved' });
  });

  test('of another page size has the same revision', async () => {
    const revisions = await Promise.all(
      [1, 2, 3, 100].map(
        async (pageSize) => (await bench({}, { pageSize }).layout.snapshot(signal)).revision,
      ),
    );
    expect(new Set(revisions).size).toBe(1);
  });

  test('does not move with what the globs leave out', async () => {
    const { store, layout } = bench({ filter: () => pathFilterOf({ include: undefined, exclude: ['log'] }) });
    const { revision } = await layout.snapshot(signal);
    store.put('conf/log/1', 'x');
    expect(await layout.probe(revision, signal)).toEqual({ kind: 'unchanged' });
  });

  test('moves with a key that cannot be a path, so that a refusal ends when that goes', async () => {
    const { store, layout } = bench();
    store.put('conf//bad', 'x');
    const before = await layout.probe(undefined, signal);
    await expect(layout.snapshot(signal)).rejects.toThrow(RefusedError);
    store.remove('conf//bad');
    expect(await layout.probe('revision' in before ? before.revision : undefined, signal)).toMatchObject({
      kind: 'moved',
    });
  });

  test('is taken only when its listing stayed equal', async () => {
    const { store, layout } = bench();
    const lists = 2;
    atRequest(store, lists + 1, () => {
      store.now += 1000;
      store.put('conf/a', 'a 2');
    });
    expect(await read(layout)).toEqual({ a: 'a 2', b: 'b 1', c: 'c 1' });
    expect(store.requests.filter((request) => request === 'list conf/')).toHaveLength(4 * lists);
  });

  test('is taken when it must stay equal for longer than is waited for one that changes', async () => {
    const { layout } = bench({ settle: 100, patience: { longest: 50 } });
    expect(await read(layout)).toEqual({ a: 'a 1', b: 'b 1', c: 'c 1' });
  });

  test('that keeps changing is not taken, and said why', async () => {
    const { store, layout } = bench({ settle: 5, patience: { longest: 50 } });
    store.before = () => {
      store.now += 1000;
      store.put('conf/a', `${store.now}`);
    };
    await expect(layout.snapshot(signal)).rejects.toThrow(UnsettledError);
    await expect(layout.snapshot(signal)).rejects.toThrow(/WHERRY_S3_SETTLE.*WHERRY_S3_MARKER/);
  });

  test.each<[string, (store: MemoryStore) => void]>([
    ['replaced', (store) => store.put('conf/c', 'c 2')],
    ['removed', (store) => store.remove('conf/c')],
    ['added', (store) => store.put('conf/d', 'd')],
  ])('in which an object is %s during the read is not settled, whenever that is', async (_, change) => {
    // 2 pages and 3 objects: two listings, the downloads, and the listing after them.
    for (const number of [5, 6, 7, 8]) {
      const { store, layout } = bench({ concurrency: 1 });
      atRequest(store, number, () => {
        store.now += 1000;
        change(store);
      });
      await expect(read(layout), `at request ${number}`).rejects.toThrow(UnsettledError);
    }
  });

  test('notices a re-upload also where nothing is fetched', async () => {
    const { store, layout } = bench();
    await layout.snapshot(signal);
    store.put('conf/d', 'd');
    const sink = { put: () => Promise.resolve() };
    await expect(layout.write([], sink, signal)).rejects.toThrow(UnsettledError);
  });

  test('says once that it cannot prove a release complete', async () => {
    const { layout, warnings } = bench();
    await layout.snapshot(signal);
    await layout.snapshot(signal);
    expect(warnings()).toMatchObject([{ fields: { setting: 'WHERRY_S3_MARKER' } }]);
  });

  test.each([
    ['many pages', { pollInterval: 1000, objects: 0 }],
    ['many objects', { pollInterval: 600_000, objects: 5001 }],
  ])('with %s is warned of once for what its polls cost', async (_, { objects, pollInterval }) => {
    const { store, layout, warnings } = bench({ pollInterval }, { pageSize: objects === 0 ? 1 : 1000 });
    for (let index = 0; index < objects; index += 1) store.put(`conf/${index}`, 'x');
    await layout.probe(undefined, signal);
    await layout.probe(undefined, signal);
    expect(warnings()).toMatchObject([{ fields: { setting: 'WHERRY_S3_PREFIX' } }]);
  });

  test('can be held at the listing that is there, and at no other', async () => {
    const { store, layout, options } = bench();
    const { revision } = await layout.snapshot(signal);
    const held = new SettlingLayout({ ...options, at: revision });
    expect(await read(held)).toMatchObject({ a: 'a 1' });
    store.put('conf/d', 'd');
    await expect(held.snapshot(signal)).rejects.toThrow(MissingError);
    await expect(held.probe(undefined, signal)).rejects.toThrow(revision);
    const other = new SettlingLayout({ ...options, at: 'etag:1' as Revision });
    await expect(other.snapshot(signal)).rejects.toThrow(MissingError);
  });

  test('of too many files is refused', async () => {
    await expect(bench({ maxFiles: 2 }).layout.snapshot(signal)).rejects.toThrow(
      /WHERRY_MAX_FILES.*more than 2/,
    );
  });

  test('ends its wait with the reason of the signal', async () => {
    const { layout } = bench({ settle: 60_000 });
    const reason = new Error('stop');
    const controller = new AbortController();
    const taking = layout.snapshot(controller.signal);
    setImmediate(() => controller.abort(reason));
    await expect(taking).rejects.toBe(reason);
  });
});

test('the digest of a listing depends on what it says, and not on the order', () => {
  const object = fc.record({
    key: fc.string(),
    etag: fc.constantFrom('e1', 'e2').map((text) => text as ETag),
    size: fc.nat(3),
    lastModified: fc.nat(3).map((time) => new Date(time)),
    storageClass: fc.constant(undefined),
  });
  const listing = fc.uniqueArray(object, { selector: ({ key }) => key });
  const digestOf = (objects: readonly ListedObject[]) => {
    const digest = new ListingDigest();
    for (const item of objects) digest.add(item);
    return digest.value;
  };
  const textOf = (objects: readonly ListedObject[]) =>
    JSON.stringify(objects.toSorted((a, b) => (a.key < b.key ? -1 : 1)));
  fc.assert(
    fc.property(listing, listing, (one, other) => {
      expect(digestOf(one.toReversed())).toBe(digestOf(one));
      expect(digestOf(one) === digestOf(other)).toBe(textOf(one) === textOf(other));
    }),
  );
});
