import { describe, expect, test } from 'vitest';
import { MissingError, UnsettledError } from '../../../../src/failure/failure.ts';
import type { Revision } from '../../../../src/snapshot/entry.ts';
import { MarkerLayout, type MarkerOptions } from '../../../../src/sources/s3/layouts/marker.ts';
import { MemoryStore, type MemoryStoreOptions } from '../../../support/memory-store.ts';
import { RecordingLog } from '../../../support/recording-log.ts';
import { prefixOptions, read, signal } from './prefix-bench.ts';

const names = ['a', 'b', 'c'];

/** What a writer does for a release, step by step; the marker is the last. */
function stepsOf(release: number, markerKey: string): ((store: MemoryStore) => void)[] {
  return [
    ...names.map((name) => (store: MemoryStore) => store.put(`conf/${name}`, `${name} ${release}`)),
    (store) => store.put(markerKey, `release ${release}`),
  ];
}

function setOf(release: number): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, `${name} ${release}`]));
}

function write(store: MemoryStore, release: number, markerKey = 'conf/.done'): void {
  for (const step of stepsOf(release, markerKey)) {
    store.now += 1000;
    step(store);
  }
}

interface BenchOptions extends Partial<MarkerOptions> {
  readonly store?: MemoryStore;
  readonly revision?: string;
}

async function bench(changes: BenchOptions = {}, storeOptions?: MemoryStoreOptions) {
  const { store = new MemoryStore(storeOptions), markerKey = 'conf/.done', revision } = changes;
  const log = new RecordingLog();
  const layout = new MarkerLayout({
    ...prefixOptions(store, log),
    concurrency: 2,
    markerKey,
    at: revision as Revision | undefined,
    patience: { pause: 1, longest: 5000 },
    ...changes,
  });
  return { store, log, layout };
}

/** Lets a writer go on at a request of the reader: from then on so many steps before each. */
function goOn(
  store: MemoryStore,
  steps: ((store: MemoryStore) => void)[],
  from: number,
  stepsEach: number,
): void {
  const before = store.requests.length;
  store.before = () => {
    if (store.requests.length - before < from) return;
    for (const step of steps.splice(0, stepsEach)) {
      store.now += 1000;
      step(store);
    }
  };
}

describe('a prefix with a marker', () => {
  test('is the set below it, without the marker, and costs a poll one request', async () => {
    const { store, layout } = await bench();
    write(store, 1);
    expect(await read(layout)).toEqual(setOf(1));
    const { revision, provenance } = await layout.snapshot(signal);
    expect(revision).toMatch(/^etag:/);
    expect(provenance).toMatchObject({ key: 'conf/.done' });
    const asked = store.requests.length;
    expect(await layout.probe(revision, signal)).toEqual({ kind: 'unchanged' });
    expect(store.requests.slice(asked)).toEqual(['head conf/.done']);
    write(store, 2);
    expect(await layout.probe(revision, signal)).toMatchObject({ kind: 'moved' });
    expect(await read(layout)).toEqual(setOf(2));
  });

  test('may have its marker elsewhere', async () => {
    const { store, layout } = await bench({ markerKey: 'markers/conf' });
    write(store, 1, 'markers/conf');
    expect(await read(layout)).toEqual(setOf(1));
  });

  test.each([true, false])(
    'whose listing knows finer times than its headers is read nevertheless (the marker may be listed: %s)',
    async (mayList) => {
      const { store, layout } = await bench({ markerKey: 'markers/conf' }, { precision: 1 });
      store.mayList = (prefix) => mayList || prefix === 'conf/';
      store.now += 300;
      write(store, 1, 'markers/conf');
      // The last file and the marker in the same second, the marker's header cut to its beginning.
      store.put('conf/c', 'c 1');
      store.now += 200;
      store.put('markers/conf', 'release 1');
      expect(await read(layout)).toEqual(setOf(1));
    },
  );

  test('is not read when an object is newer by less than a second, where the store tells that', async () => {
    const patience = { pause: 1, longest: 20 };
    const { store, layout } = await bench({ markerKey: 'markers/conf', patience }, { precision: 1 });
    write(store, 1, 'markers/conf');
    store.now += 1;
    store.put('conf/a', 'a 2');
    await expect(layout.snapshot(signal)).rejects.toThrow('is newer than the marker "markers/conf"');
  });

  test('is read again while a release is being written, and then whole', async () => {
    const { store, layout } = await bench();
    write(store, 1);
    const steps = stepsOf(2, 'conf/.done');
    for (const step of steps.splice(0, 2)) {
      store.now += 1000;
      step(store);
    }
    goOn(store, steps, 10, 1);
    expect(await read(layout)).toEqual(setOf(2));
  });

  test('that stays newer than its marker is not read, and says what the writer must do', async () => {
    const { store, layout } = await bench({ patience: { pause: 1, longest: 20 } });
    write(store, 1);
    store.now += 1000;
    store.put('conf/b', 'by hand');
    const reading = read(layout);
    await expect(reading).rejects.toThrow(UnsettledError);
    await expect(reading).rejects.toThrow(/WHERRY_S3_MARKER: the object "conf\/b" is newer than the marker/);
  });

  test('without its marker is missing', async () => {
    const { store, layout } = await bench();
    store.put('conf/a', 'a');
    await expect(layout.snapshot(signal)).rejects.toThrow(MissingError);
  });

  test.each<[string, (store: MemoryStore) => void]>([
    ['replaces an object in the marker’s own second', (store) => store.put('conf/a', 'a 2')],
    ['removes an object', (store) => store.remove('conf/a')],
    ['replaces the marker', (store) => store.put('markers/conf', 'release 2')],
    ['removes the marker', (store) => store.remove('markers/conf')],
  ])('is not settled when a writer %s behind the reader’s back', async (_, act) => {
    const { store, layout } = await bench({ markerKey: 'markers/conf', concurrency: 1 });
    write(store, 1, 'markers/conf');
    store.before = (request) => {
      if (request === 'get conf/c') act(store);
    };
    await expect(read(layout)).rejects.toThrow(UnsettledError);
  });

  test('is noticed when the marker is put again with the content that it had', async () => {
    const { store, layout } = await bench();
    store.put('conf/a', '1');
    store.put('conf/.done', '');
    const { revision } = await layout.snapshot(signal);
    expect(await layout.probe(revision, signal)).toEqual({ kind: 'unchanged' });
    store.now += 2000;
    store.put('conf/a', '2');
    store.put('conf/.done', '');
    expect(await layout.probe(revision, signal)).toMatchObject({ kind: 'moved' });
    expect(await read(layout)).toEqual({ a: '2' });
  });

  test('can be held at the marker that is there, where the bucket keeps no versions, and at no other', async () => {
    const { store, layout } = await bench();
    write(store, 1);
    const { revision } = await layout.snapshot(signal);
    const held = await bench({ store, revision });
    expect(await read(held.layout)).toEqual(setOf(1));
    write(store, 2);
    const late = await bench({ store, revision });
    await expect(late.layout.snapshot(signal)).rejects.toThrow(MissingError);
    await expect(held.layout.snapshot(signal)).rejects.toThrow(MissingError);
  });
});

interface Meeting {
  readonly markerKey: string;
  readonly versioned: boolean;
  /** Steps that the writer has made when the reader starts. */
  readonly done: number;
  /** It makes none before the reader's request of this number… */
  readonly from: number;
  /** …and then so many before each. */
  readonly stepsEach: number;
}

/** Which release the reader took; undefined when it could not tell. Anything else is half a release. */
async function meet({ markerKey, versioned, done, from, stepsEach }: Meeting): Promise<number | undefined> {
  const { store, layout } = await bench({ markerKey }, { versioned });
  write(store, 1, markerKey);
  const steps = stepsOf(2, markerKey);
  for (const step of steps.splice(0, done)) {
    store.now += 1000;
    step(store);
  }
  goOn(store, steps, from, stepsEach);
  try {
    const found = await read(layout);
    const release = found['a'] === 'a 1' ? 1 : 2;
    expect(found, `from step ${done}, going on at request ${from}`).toEqual(setOf(release));
    return release;
  } catch (error) {
    if (error instanceof UnsettledError) return undefined;
    throw error;
  }
}

describe.each([
  ['in the prefix', 'conf/.done', false],
  ['elsewhere', 'markers/conf', false],
  ['in the prefix, with versions', 'conf/.done', true],
  ['elsewhere, with versions', 'markers/conf', true],
])('no release is ever read by halves with a marker %s', (_, markerKey, versioned) => {
  const all = names.length + 1;
  test.each([1, 2, all])('by a writer that makes %s steps between two requests', async (stepsEach) => {
    const taken = new Set<number | undefined>();
    for (let done = 0; done <= all; done += 1) {
      for (let from = 1; from <= 14; from += 1) {
        const release = await meet({ markerKey, versioned, done, from, stepsEach });
        taken.add(release);
        // What stands still when the reader starts is read at once.
        if (done === all) expect(release).toBe(2);
      }
    }
    expect([...taken]).toEqual(expect.arrayContaining([1, 2]));
  });
});

describe('a marker in a bucket that keeps versions', () => {
  test('shows its release while the next one is being written, without a wait', async () => {
    const { store, layout } = await bench(
      { patience: { pause: 60_000, longest: 60_000 } },
      { versioned: true },
    );
    write(store, 1);
    store.now += 1000;
    store.put('conf/a', 'a 2');
    store.remove('conf/b');
    store.put('conf/new', 'new 2');
    expect(await read(layout)).toEqual(setOf(1));
    expect(await layout.snapshot(signal)).toMatchObject({
      revision: `version:${store.versionOf('conf/.done')}`,
    });
  });

  test('is waited for where versions may not be listed', async () => {
    const { store, layout, log } = await bench({}, { versioned: true });
    store.mayListVersions = false;
    write(store, 1);
    const steps = stepsOf(2, 'conf/.done');
    store.now += 1000;
    steps.shift()?.(store);
    goOn(store, steps, 12, 1);
    expect(await read(layout)).toEqual(setOf(2));
    expect(log.of('info')).toHaveLength(1);
  });

  test.each(['conf/.done', 'markers/conf'])(
    'brings an old release back by its version (%s)',
    async (markerKey) => {
      const { store, layout } = await bench({ markerKey }, { versioned: true, precision: 1 });
      store.now += 123;
      write(store, 1, markerKey);
      const { revision } = await layout.snapshot(signal);
      store.now += 1;
      store.remove('conf/b');
      write(store, 2, markerKey);
      const past = await bench({ store, markerKey, revision });
      expect(await past.layout.probe(undefined, signal)).toEqual({ kind: 'moved', revision });
      expect(await read(past.layout)).toEqual(setOf(1));
      const asked = store.requests.length;
      expect(await past.layout.probe(revision, signal)).toEqual({ kind: 'unchanged' });
      expect(store.requests).toHaveLength(asked);
    },
  );

  test('has no release by a version that is gone', async () => {
    const { store } = await bench({}, { versioned: true });
    write(store, 1);
    const { layout } = await bench({ store, revision: 'version:gone' });
    await expect(layout.snapshot(signal)).rejects.toThrow(MissingError);
  });

  test('is not settled when a version expires during the read', async () => {
    const { store, layout } = await bench({}, { versioned: true });
    write(store, 1);
    store.now += 1000;
    store.put('conf/a', 'a 2');
    store.before = (request) => {
      if (request === 'get conf/b') store.forget('conf/b');
    };
    await expect(read(layout)).rejects.toThrow(UnsettledError);
  });
});
