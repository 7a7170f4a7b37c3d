import { spawnSync } from 'node:child_process';
import { chmod, mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { loadSettings } from '../../../src/settings/settings.ts';
import type { Revision } from '../../../src/snapshot/entry.ts';
import { createDirectorySource } from '../../../src/sources/directory/directory-source.ts';
import type { Source } from '../../../src/sources/source.ts';
import { AtomicWriter } from '../../support/atomic-writer.ts';
import { failureOf, soon } from '../../support/calls.ts';
import { coarseDirectory, hasImages } from '../../support/mounts.ts';
import { RecordingLog } from '../../support/recording-log.ts';
import { filesOf, MemorySink, take } from '../../support/taking.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

interface Options {
  readonly settings?: Readonly<Record<string, string>>;
  readonly revision?: Revision;
}

function sourceOf(path: string, { settings = {}, revision }: Options = {}): Source {
  const env = { WHERRY_SOURCE: 'dir', WHERRY_DIR_PATH: path, WHERRY_TARGET: '/elsewhere', ...settings };
  const loaded = loadSettings({ env, flags: new Map(), complete: true });
  const source = createDirectorySource({ settings: loaded.settings, log: new RecordingLog(), revision });
  onTestFinished(() => source[Symbol.asyncDispose]());
  return source;
}

describe('a plain directory', () => {
  test('is the set: its files with their executable bits, and its links as they are', async () => {
    const path = await temporaryDirectory();
    await mkdir(join(path, 'sub'));
    await writeFile(join(path, 'app.yaml'), 'a: 1\n');
    await writeFile(join(path, 'sub/run.sh'), '#!/bin/sh\n', { mode: 0o755 });
    await symlink('app.yaml', join(path, 'link'));
    const { snapshot, texts } = await take(sourceOf(path));
    expect(texts).toEqual({ 'app.yaml': 'a: 1\n', 'sub/run.sh': '#!/bin/sh\n', link: '-> app.yaml' });
    expect(filesOf(snapshot.entries).map(({ executable }) => executable)).toEqual([false, true]);
  });

  test('has moved when a file was written, replaced, removed or made executable, and not otherwise', async () => {
    const path = await temporaryDirectory();
    const file = join(path, 'a');
    await writeFile(file, '1');
    const source = sourceOf(path);
    let { revision } = await source.snapshot(soon());
    const changes = [
      () => writeFile(file, '2'),
      async () => {
        await writeFile(join(path, '.new'), '2');
        await rename(join(path, '.new'), file);
      },
      () => chmod(file, 0o755),
      () => writeFile(join(path, 'b'), ''),
      () => rm(join(path, 'b')),
    ];
    for (const change of changes) {
      expect(await source.probe(revision, soon())).toEqual({ kind: 'unchanged' });
      await change();
      const probe = await source.probe(revision, soon());
      expect(probe.kind).toBe('moved');
      ({ revision } = await source.snapshot(soon()));
    }
  });

  test('is not taken while somebody writes a file', async () => {
    const path = await temporaryDirectory();
    const file = join(path, 'app.yaml');
    const source = sourceOf(path);
    await writeFile(file, '');
    let written = '';
    const writing = (async () => {
      for (let line = 0; line < 12; line += 1) {
        written += `line ${line}\n`;
        await writeFile(file, written);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    })();
    const { texts } = await take(source);
    await writing;
    expect(texts['app.yaml']).toBe(written);
  });

  test('that changes while it is read is read again at the next try', async () => {
    const path = await temporaryDirectory();
    await writeFile(join(path, 'a'), '1');
    await writeFile(join(path, 'b'), '1');
    const source = sourceOf(path);
    const { entries } = await source.snapshot(soon());
    await writeFile(join(path, 'b'), '2');
    const failure = await failureOf(source.write(filesOf(entries), new MemorySink(), soon()));
    expect(failure.name).toBe('UnsettledError');
    expect(failure.message).toContain(join(path, 'b'));
    expect((await take(source)).texts).toEqual({ a: '1', b: '2' });
  });

  test('from which a file goes while others are read is no set either', async () => {
    const path = await temporaryDirectory();
    await writeFile(join(path, 'a'), '1');
    await writeFile(join(path, 'b'), '1');
    const source = sourceOf(path);
    await source.snapshot(soon());
    await rm(join(path, 'b'));
    expect((await failureOf(source.write([], new MemorySink(), soon()))).name).toBe('UnsettledError');
  });

  test('is taken as far as the globs go; what they leave out is not looked at', async () => {
    const path = await temporaryDirectory();
    await writeFile(join(path, 'a.yaml'), '1');
    await writeFile(join(path, 'b.txt'), '1');
    await mkdir(join(path, 'private'), { mode: 0o700 });
    spawnSync('mkfifo', [join(path, 'private/pipe')]);
    const settings = { WHERRY_INCLUDE: '**/*.yaml', WHERRY_EXCLUDE: 'private' };
    expect((await take(sourceOf(path, { settings }))).texts).toEqual({ 'a.yaml': '1' });
  });

  test('with a pipe in it is refused, and nobody waits for a writer', async () => {
    const path = await temporaryDirectory();
    spawnSync('mkfifo', [join(path, 'pipe')]);
    const failure = await failureOf(sourceOf(path).snapshot(soon()));
    expect(failure.kind).toBe('refused');
    expect(failure.message).toContain(`${join(path, 'pipe')} is a device, a pipe or a socket`);
  });

  test.each(['a file', 'a directory'])('in which the name of %s is not UTF-8 is refused', async (what) => {
    const path = await temporaryDirectory();
    await writeFile(join(path, 'app.yaml'), 'a');
    const name = Buffer.concat([Buffer.from(`${path}/bad`), Buffer.from([0xff])]);
    await (what === 'a file' ? writeFile(name, 'b') : mkdir(name));
    const failure = await failureOf(take(sourceOf(path)));
    expect(failure).toMatchObject({ kind: 'refused' });
    expect(failure.message).toMatch(/bad\ufffd\/?" is not UTF-8/);
    const texts = (await take(sourceOf(path, { settings: { WHERRY_EXCLUDE: 'bad*' } }))).texts;
    expect(texts).toEqual({ 'app.yaml': 'a' });
  });

  test('with more files than the limit is refused', async () => {
    const path = await temporaryDirectory();
    for (const name of ['a', 'b', 'c']) await writeFile(join(path, name), '');
    const failure = await failureOf(sourceOf(path, { settings: { WHERRY_MAX_FILES: '2' } }).snapshot(soon()));
    expect(failure.message).toContain(`WHERRY_MAX_FILES: there are more than 2 files in ${path}`);
  });

  test('can be pinned to what it is, and to nothing that it was', async () => {
    const path = await temporaryDirectory();
    await writeFile(join(path, 'a'), '1');
    const { revision } = await sourceOf(path).snapshot(soon());
    const pinned = sourceOf(path, { revision });
    expect((await take(pinned)).texts).toEqual({ a: '1' });
    await writeFile(join(path, 'a'), '22');
    const failure = await failureOf(pinned.probe(revision, soon()));
    expect(failure.kind).toBe('missing');
    expect(failure.message).toContain('a directory has no past');
  });

  test('ends with the signal when a large file is given up before its first byte', async () => {
    const path = await temporaryDirectory();
    await writeFile(join(path, 'large'), Buffer.alloc(300_000));
    const source = sourceOf(path);
    const { entries } = await source.snapshot(soon());
    const uncaught: unknown[] = [];
    const note = (error: unknown) => uncaught.push(error);
    process.on('uncaughtExceptionMonitor', note);
    onTestFinished(() => void process.off('uncaughtExceptionMonitor', note));
    const giving = new AbortController();
    const sink = new MemorySink();
    const late = {
      put: (...[file, content]: Parameters<MemorySink['put']>) => {
        giving.abort(new Error('enough'));
        return sink.put(file, content);
      },
    };
    await expect(source.write(filesOf(entries), late, giving.signal)).rejects.toThrow('enough');
    // Nothing of it may come later, where nobody can catch it.
    await source.probe(undefined, soon());
    expect(uncaught).toEqual([]);
  });

  test('with large files is streamed', async () => {
    const path = await temporaryDirectory();
    const content = 'x'.repeat(1024 * 1024);
    await writeFile(join(path, 'big'), content);
    const source = sourceOf(path);
    const { entries } = await source.snapshot(soon());
    const sink = new MemorySink();
    await source.write(filesOf(entries), sink, soon());
    expect([...sink.streamed]).toEqual(['big']);
    expect(sink.texts['big']).toBe(content);
  });

  test.each([
    ['is not there', async (path: string) => join(path, 'nothing')],
    [
      'is no directory',
      async (path: string) => {
        await writeFile(join(path, 'file'), '');
        return join(path, 'file');
      },
    ],
  ])('that %s is missing', async (words, make) => {
    const path = await make(await temporaryDirectory());
    const failure = await failureOf(sourceOf(path).probe(undefined, soon()));
    expect(failure.kind).toBe('missing');
    expect(failure.message).toContain(`WHERRY_DIR_PATH: "${path}" ${words}`);
  });
});

describe('a file system that counts time in whole seconds', () => {
  test.skipIf(!hasImages)(
    'does not hide the second of two changes of one second',
    { timeout: 60_000 },
    async () => {
      const path = await coarseDirectory();
      const file = join(path, 'app.yaml');
      await writeFile(file, 'v: 1');
      const source = sourceOf(path);
      let { revision } = (await take(source)).snapshot;
      for (const last of ['v: 3', 'v: 5']) {
        await beginOfSecond();
        await writeFile(file, 'v: x');
        const first = await source.probe(revision, soon());
        expect(first.kind).toBe('moved');
        const taking = take(source);
        await new Promise((resolve) => setTimeout(resolve, 700));
        // Of the same length, in the same second: nothing but the content tells that it is another.
        await writeFile(file, last);
        const taken = await taking;
        expect(taken.texts).toEqual({ 'app.yaml': last });
        ({ revision } = taken.snapshot);
      }
    },
  );
});

async function beginOfSecond(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 1005 - (Date.now() % 1000)));
}

describe('a volume of the kubelet', () => {
  async function volume(payload: Readonly<Record<string, string>>): Promise<AtomicWriter> {
    const writer = new AtomicWriter(await temporaryDirectory());
    await writer.write(payload);
    return writer;
  }

  test('is what lies behind ..data, without its internals, by the paths that items give the keys', async () => {
    const { path } = await volume({ 'app.yaml': '1', 'sub/b.yaml': '2', 'sub/deep/c.yaml': '3' });
    expect((await take(sourceOf(path))).texts).toEqual({
      'app.yaml': '1',
      'sub/b.yaml': '2',
      'sub/deep/c.yaml': '3',
    });
  });

  test('is one change when it is swapped, and no wait is needed', async () => {
    const writer = await volume({ a: '1', b: '1', gone: '1' });
    const source = sourceOf(writer.path);
    const { snapshot } = await take(source);
    await writer.write({ a: '2', b: '2', 'new/c': '2' });
    const probe = await source.probe(snapshot.revision, soon());
    expect(probe.kind).toBe('moved');
    expect((await take(source)).texts).toEqual({ a: '2', b: '2', 'new/c': '2' });
  });

  test('that is swapped while it is read gives one whole set, or none', async () => {
    const writer = await volume({ a: '0', b: '0', 'c/d': '0' });
    const source = sourceOf(writer.path);
    const stop = new AbortController();
    const writing = (async () => {
      for (let version = 1; !stop.signal.aborted; version += 1) {
        const content = String(version);
        await writer.write({ a: content, b: content, 'c/d': content });
      }
    })();
    let whole = 0;
    try {
      while (whole < 20) {
        try {
          const { texts } = await take(source);
          expect(Object.keys(texts)).toEqual(['a', 'b', 'c/d']);
          expect(new Set(Object.values(texts)).size).toBe(1);
          whole += 1;
        } catch (error) {
          expect(error).toMatchObject({ name: 'UnsettledError' });
        }
      }
    } finally {
      stop.abort();
      await writing;
    }
  });

  test('whose ..data leads nowhere is no plain directory', async () => {
    const { path } = await volume({ a: '1' });
    await rm(join(path, '..2026_11_22_10_00_00.000000001'), { recursive: true });
    const failure = await failureOf(sourceOf(path).snapshot(soon()));
    expect(failure.name).toBe('UnsettledError');
    expect(failure.message).toContain(join(path, '..data'));
  });
});

describe('the watch', () => {
  async function watched(path: string): Promise<{ readonly calls: () => number }> {
    let calls = 0;
    const source = sourceOf(path);
    const watch = await source.watch(() => {
      calls += 1;
    });
    onTestFinished(async () => watch?.[Symbol.asyncDispose]());
    return { calls: () => calls };
  }

  test('tells of a file that is written, deep below too', async () => {
    const path = await temporaryDirectory();
    await mkdir(join(path, 'a/b'), { recursive: true });
    await writeFile(join(path, 'a/b/c'), '1');
    const { calls } = await watched(path);
    await writeFile(join(path, 'a/b/c'), '2');
    await expect.poll(calls).toBeGreaterThan(0);
  });

  test('tells of each swap of a volume', async () => {
    const writer = new AtomicWriter(await temporaryDirectory());
    await writer.write({ a: '1' });
    const { calls } = await watched(writer.path);
    for (const content of ['2', '3', '4']) {
      const before = calls();
      await writer.write({ a: content });
      await expect.poll(calls).toBeGreaterThan(before);
    }
    expect(await readFile(join(writer.path, 'a'), 'utf8')).toBe('4');
  });

  test('begins when the directory comes into being', async () => {
    const path = join(await temporaryDirectory(), 'later');
    let calls = 0;
    const source = sourceOf(path);
    const watch = await source.watch(() => {
      calls += 1;
    });
    onTestFinished(async () => watch?.[Symbol.asyncDispose]());
    await mkdir(path);
    await source.probe(undefined, soon());
    await writeFile(join(path, 'a'), '1');
    await expect.poll(() => calls).toBeGreaterThan(0);
  });
});
