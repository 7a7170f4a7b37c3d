import { describe, expect, test } from 'vitest';
import { MissingError, RefusedError, SettingsError } from '../../../../src/failure/failure.ts';
import { loadSettings } from '../../../../src/settings/settings.ts';
import type { Revision } from '../../../../src/snapshot/entry.ts';
import { AsOfLayout, type AsOfOptions } from '../../../../src/sources/s3/layouts/as-of.ts';
import { loadLayout } from '../../../../src/sources/s3/layouts/choice.ts';
import type { Layout } from '../../../../src/sources/s3/layouts/layout.ts';
import { MemoryStore } from '../../../support/memory-store.ts';
import { RecordingLog } from '../../../support/recording-log.ts';
import { prefixOptions, read, signal } from './prefix-bench.ts';

function filled(versioned = true): MemoryStore {
  const store = new MemoryStore({ versioned });
  store.now = Date.parse('2026-11-22T10:00:00Z');
  store.put('conf/a', 'a 1');
  store.put('conf/b', 'b 1');
  store.put('conf/c', 'c 1');
  store.now = Date.parse('2026-11-22T11:00:00Z');
  store.put('conf/a', 'a 2');
  store.remove('conf/b');
  store.put('conf/d', 'd 2');
  store.now = Date.parse('2026-11-22T12:00:00Z');
  store.put('conf/a', 'a 3');
  store.put('conf/b', 'b 3');
  return store;
}

function layoutOf(store: MemoryStore, time: string, changes: Partial<AsOfOptions> = {}): AsOfLayout {
  const options = prefixOptions(store, new RecordingLog());
  return new AsOfLayout({
    ...options,
    concurrency: 4,
    time: new Date(time),
    markerKey: undefined,
    ...changes,
  });
}

/** What the settings of a user who has a marker make of a time. */
async function besideMarker(time: { readonly setting?: string; readonly pin?: string }): Promise<Layout> {
  const store = filled();
  store.put('conf/.done', 'release 3');
  const env = {
    WHERRY_SOURCE: 's3',
    WHERRY_S3_BUCKET: 'memory',
    WHERRY_S3_PREFIX: 'conf/',
    WHERRY_S3_MARKER: 'conf/.done',
    ...(time.setting === undefined ? {} : { WHERRY_S3_AS_OF: time.setting }),
  };
  const { settings } = loadSettings({ env, flags: new Map(), complete: true });
  const log = new RecordingLog();
  const revision = time.pin as Revision | undefined;
  return loadLayout({ settings, store, directory: '/nowhere', log, revision });
}

describe('a prefix at a time', () => {
  test.each([
    ['2026-11-22T10:00:00Z', { a: 'a 1', b: 'b 1', c: 'c 1' }],
    ['2026-11-22T10:59:59.999Z', { a: 'a 1', b: 'b 1', c: 'c 1' }],
    ['2026-11-22T11:30:00Z', { a: 'a 2', c: 'c 1', d: 'd 2' }],
    ['2026-11-22T13:30:00+01:00', { a: 'a 3', b: 'b 3', c: 'c 1', d: 'd 2' }],
  ])('%s is what was there then', async (time, expected) => {
    expect(await read(layoutOf(filled(), time))).toEqual(expected);
  });

  test('has the last of several versions of the same second', async () => {
    const store = filled();
    store.put('conf/a', 'a 4');
    expect(await read(layoutOf(store, '2026-11-22T12:00:00Z'))).toMatchObject({ a: 'a 4' });
  });

  test('is called by the time, and is not asked for again', async () => {
    const store = filled();
    const layout = layoutOf(store, '2026-11-22T12:30:00+01:00');
    const revision = 'as-of:2026-11-22T11:30:00.000Z';
    expect(await layout.probe(undefined, signal)).toEqual({ kind: 'moved', revision });
    expect(await layout.snapshot(signal)).toMatchObject({ revision });
    const asked = store.requests.length;
    expect(await layout.probe((await layout.snapshot(signal)).revision, signal)).toEqual({
      kind: 'unchanged',
    });
    expect(store.requests.slice(asked).filter((request) => request.startsWith('get'))).toEqual([]);
  });

  test('has the fingerprints of the same objects without a time', async () => {
    const store = filled();
    const [one, other] = await Promise.all(
      ['2026-11-22T10:30:00Z', '2026-11-22T11:30:00Z'].map((time) => layoutOf(store, time).snapshot(signal)),
    );
    const of = (path: string, snapshot = one) => snapshot?.entries.find((entry) => entry.path === path);
    expect(of('c')).toEqual(of('c', other));
    expect(of('a')).not.toEqual(of('a', other));
  });

  test('before everything is missing, and says when the first came', async () => {
    const taking = layoutOf(filled(), '2026-11-22T09:00:00Z').snapshot(signal);
    await expect(taking).rejects.toThrow(MissingError);
    await expect(taking).rejects.toThrow('the first came at 2026-11-22T10:00:00.000Z');
  });

  test('of nothing at all is missing', async () => {
    const layout = layoutOf(new MemoryStore({ versioned: true }), '2026-11-22T09:00:00Z');
    await expect(layout.snapshot(signal)).rejects.toThrow(MissingError);
  });

  test('needs a bucket that keeps versions', async () => {
    const taking = layoutOf(filled(false), '2026-11-22T10:00:00Z').snapshot(signal);
    await expect(taking).rejects.toThrow(SettingsError);
    await expect(taking).rejects.toThrow('WHERRY_S3_AS_OF: a time needs a bucket that keeps versions');
  });

  test('cannot be in the future', async () => {
    const taking = layoutOf(filled(), '2999-01-01T00:00:00Z').snapshot(signal);
    await expect(taking).rejects.toThrow(SettingsError);
  });

  test('with a bad key is refused, and only if that was there then', async () => {
    const store = filled();
    store.put('conf//bad', 'x');
    await expect(layoutOf(store, '2026-11-22T12:00:00Z').snapshot(signal)).rejects.toThrow(RefusedError);
    expect(await read(layoutOf(store, '2026-11-22T11:00:00Z'))).toMatchObject({ a: 'a 2' });
  });

  test.each([{ pin: 'as-of:2026-11-22T12:00:00Z' }, { setting: '2026-11-22T12:00:00Z' }])(
    'has no marker in it, by %j either',
    async (time) => {
      expect(Object.keys(await read(await besideMarker(time)))).toEqual(['a', 'b', 'c', 'd']);
    },
  );
});
