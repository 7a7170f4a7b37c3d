import { describe, expect, test } from 'vitest';
import { MissingError, TargetError, UnsettledError } from '../../../../src/failure/failure.ts';
import type { FileEntry, Fingerprint } from '../../../../src/snapshot/entry.ts';
import { parsePath } from '../../../../src/snapshot/path-rules.ts';
import { download } from '../../../../src/sources/s3/layouts/download.ts';
import type { ETag, GetRequest } from '../../../../src/sources/s3/store/store.ts';
import { MemoryStore } from '../../../support/memory-store.ts';
import { MemorySink } from '../../../support/taking.ts';
import { signal } from './prefix-bench.ts';

function file(path: string): FileEntry {
  return { kind: 'file', path: parsePath(path), executable: false, fingerprint: `t:${path}` as Fingerprint };
}

function locate({ path }: FileEntry): GetRequest {
  return { key: path, setting: 'WHERRY_S3_POINTER' };
}

function filled(count: number) {
  const store = new MemoryStore();
  const files = Array.from({ length: count }, (_, index) => file(`f${index}`));
  for (const { path } of files) store.put(path, `content of ${path}`);
  return { store, files };
}

describe('a download', () => {
  test('brings every file, so many at a time', async () => {
    const { store, files } = filled(20);
    const sink = new MemorySink();
    await download(files, { store, concurrency: 4, locate }, sink, signal);
    expect(sink.texts).toEqual(Object.fromEntries(files.map(({ path }) => [path, `content of ${path}`])));
    expect(store.busiest).toBe(4);
    expect(store.requests).toHaveLength(20);
  });

  test('of nothing asks nothing', async () => {
    const { store } = filled(0);
    await download([], { store, concurrency: 4, locate }, new MemorySink(), signal);
    expect(store.requests).toEqual([]);
  });

  test('streams what is large, and hands over whole what is small', async () => {
    const { store } = filled(0);
    store.put('large', Buffer.alloc(300 * 1024, 'x'));
    store.put('small', Buffer.alloc(200 * 1024, 'y'));
    store.put('empty', '');
    const sink = new MemorySink();
    await download(['large', 'small', 'empty'].map(file), { store, concurrency: 1, locate }, sink, signal);
    expect([...sink.streamed]).toEqual(['large']);
    expect(sink.texts['large']).toHaveLength(300 * 1024);
    expect(sink.texts['small']).toHaveLength(200 * 1024);
    expect(sink.texts['empty']).toBe('');
  });

  test.each([true, false])(
    'of an object that was replaced is unsettled (If-Match honoured: %s)',
    async (honours) => {
      const { store, files } = filled(3);
      store.honoursIfMatch = honours;
      const located = (entry: FileEntry) => ({ ...locate(entry), ifMatch: 'another' as ETag });
      const loading = download(files, { store, concurrency: 2, locate: located }, new MemorySink(), signal);
      await expect(loading).rejects.toThrow(UnsettledError);
      await expect(loading).rejects.toThrow(/WHERRY_S3_POINTER: the object "f\d" was replaced/);
    },
  );

  test('ends with its first failure, and nothing goes on after that', async () => {
    const { store, files } = filled(50);
    store.forget('f3');
    const sink = new MemorySink();
    const loading = download(files, { store, concurrency: 4, locate }, sink, signal);
    await expect(loading).rejects.toThrow(MissingError);
    const asked = store.requests.length;
    expect(asked).toBeLessThan(12);
    await new Promise((resolve) => setImmediate(resolve));
    expect(store.requests).toHaveLength(asked);
  });

  test('ends with the failure of what takes it', async () => {
    const { store, files } = filled(3);
    const full = new TargetError({ problem: 'full' });
    const sink = { put: () => Promise.reject(full) };
    await expect(download(files, { store, concurrency: 2, locate }, sink, signal)).rejects.toBe(full);
  });

  test('ends with the reason of its signal', async () => {
    const { store, files } = filled(10);
    const controller = new AbortController();
    const reason = new Error('stop');
    store.before = (request) => {
      if (request === 'get f5') controller.abort(reason);
    };
    const loading = download(files, { store, concurrency: 2, locate }, new MemorySink(), controller.signal);
    await expect(loading).rejects.toBe(reason);
  });
});
