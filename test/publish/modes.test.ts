import { chmod, lstat, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import type { Engine } from '../../src/engine/engine.ts';
import { UnreachableError } from '../../src/failure/failure.ts';
import type { Answer, Target } from '../../src/reload/target.ts';
import { MemorySource } from '../support/memory-source.ts';
import {
  changesOfMode,
  engineIn,
  type Mode,
  modes,
  namesIn,
  readAll,
  rootIn,
} from '../support/publish-modes.ts';
import { expectOnlyIn } from '../support/target-content.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const { signal } = new AbortController();
const files = { 'app.yaml': '1', 'conf.d/a': 'a', 'conf.d/deep/b': 'b', current: 'a name', live: 'another' };

async function bench(mode: Mode, set: Record<string, string> = files, retain = 0) {
  const target = await temporaryDirectory();
  const source = new MemorySource();
  const told: number[] = [];
  const application: Target = {
    name: 'url1',
    identity: 'application',
    reload: async ({ sequence }) => {
      told.push(sequence);
      return { class: 'accepted' };
    },
  };
  /** Starts in a mode, and does what the first turn of the loop does. */
  const live = async (in_: Mode) => {
    const engine = engineIn(in_, target, source, { targets: [application] }, retain);
    await engine.open();
    await engine.start();
    await engine.settle(signal);
    await engine.look(signal).catch((error: unknown) => {
      if (source.failure === undefined) throw error;
    });
    await engine.settle(signal);
    const { published } = engine.state ?? {};
    if (published !== undefined)
      await expect.poll(() => engine.state?.good?.sequence).toBe(published.sequence);
    await engine.settle(signal);
    return engine;
  };
  source.set('r1', set);
  await using _ = await live(mode);
  return { target, source, told, live, shown: (in_: Mode) => readAll(rootIn(in_, target)) };
}

/** Waits until the target holds what a mode has published, and nothing else. */
async function expectOnly(
  engine: Engine,
  mode: Mode,
  target: string,
  set: Record<string, string>,
): Promise<void> {
  await vi.waitFor(async () => {
    await engine.settle(signal);
    await expectOnlyIn(mode, target, set);
  }, 20_000);
}

describe.each(changesOfMode)('from %s to %s', (from, to) => {
  test('the set is there without the source, is told anew, and leaves nothing of the mode before', async () => {
    const { target, source, told, live } = await bench(from);
    source.failure = new UnreachableError({ problem: 'down' });
    await using engine = await live(to);
    await expectOnly(engine, to, target, files);
    expect(engine.state).toMatchObject({ published: { sequence: 2, revision: 'r1' }, good: { sequence: 2 } });
    expect(told).toEqual([1, 2]);
  });

  test('a change that comes with it is there too', async () => {
    const { target, source, live } = await bench(from);
    const set = { 'conf.d': 'a file now', 'app.yaml/x': 'a directory now', current: 'other', new: 'n' };
    source.set('r2', set);
    await using engine = await live(to);
    await expectOnly(engine, to, target, set);
    expect(engine.state?.good?.revision).toBe('r2');
  });

  test('a bad change before an application is told of it gives way to the set before, from its own copy', async () => {
    const { target, source, shown } = await bench(from, { a: 'good' });
    source.history.delete('r1');
    source.set('r2', { a: 'bad' });
    const application: Target = {
      name: 'url1',
      identity: 'application',
      reload: async ({ sequence }): Promise<Answer> => {
        if ((await shown(to))['a'] === 'bad') return { class: 'rejected', detail: 'bad' };
        return sequence === 2 ? { class: 'busy', detail: 'loading' } : { class: 'accepted' };
      },
    };
    await using engine = engineIn(to, target, source, { targets: [application] });
    await engine.open();
    await engine.start();
    await engine.settle(signal);
    await engine.look(signal);
    await vi.waitFor(async () => {
      await engine.settle(signal);
      expect(engine.state?.good).toMatchObject({ sequence: 4, revision: 'r1' });
    }, 5000);
    expect(await shown(to)).toMatchObject({ a: 'good' });
  });

  test('files that are not ours stay', async () => {
    const { target, live, shown } = await bench(from, { a: '1' });
    await writeFile(join(target, 'mine'), 'mine');
    await mkdir(join(target, 'my.d'));
    await symlink('..data/elsewhere', join(target, 'my-link'));
    await using _ = await live(to);
    expect(await readFile(join(target, 'mine'), 'utf8')).toBe('mine');
    expect((await lstat(join(target, 'my.d'))).isDirectory()).toBe(true);
    expect((await lstat(join(target, 'my-link'))).isSymbolicLink()).toBe(true);
    expect(await shown(to)).toMatchObject({ a: '1' });
  });

  test('one that lost the target to the other for a while takes it back', async () => {
    const target = await temporaryDirectory();
    const source = new MemorySource();
    source.set('r1', files);
    await using first = engineIn(from, target, source);
    await first.open();
    await first.look(signal);
    await first.settle(signal);
    await first.close();
    await using second = engineIn(to, target, source);
    await second.open();
    await second.settle(signal);
    source.set('r2', { ...files, 'app.yaml': '2' });
    await second.look(signal);
    await second.settle(signal);
    await second.close();
    await first.open();
    await first.settle(signal);
    source.set('r3', { 'app.yaml': '3' });
    await first.look(signal);
    await expectOnly(first, from, target, { 'app.yaml': '3' });
  });

  test('there and back again, every set arrives', async () => {
    const { target, source, live } = await bench(from);
    for (const mode of [to, from]) await (await live(mode))[Symbol.asyncDispose]();
    source.set('r2', { 'conf.d/a': '2' });
    await (await live(from))[Symbol.asyncDispose]();
    await using engine = await live(to);
    await expectOnly(engine, to, target, { 'conf.d/a': '2' });
  });
});

test.each(changesOfMode.filter(([from]) => from !== 'rename'))(
  'from %s to %s a reader may stay in the generation before for its time',
  async (from, to) => {
    const { target, live } = await bench(from, files, 60_000);
    const [place, pattern] =
      from === 'symlink' ? [target, /^\.\.\d/] : [join(target, '.wherry-generations'), /^\d/];
    const [name = ''] = (await readdir(place)).filter((one) => pattern.test(one));
    await using _ = await live(to);
    expect(await readAll(join(place, name))).toEqual(files);
  },
);

test.each(modes.filter((mode) => mode !== 'rename'))(
  'in %s mode a directory of plain files with a foreign one in it is refused by name, and all stays',
  async (mode) => {
    const set = { 'current/a': '1', 'live/a': '1' };
    const { target, live, shown } = await bench('rename', set);
    for (const name of Object.keys(set))
      await writeFile(join(target, name.split('/')[0] ?? '', 'mine'), 'mine');
    await expect(live(mode)).rejects.toThrow(/\/(current|live)\/mine is in the way/);
    expect(await shown('rename')).toEqual({ ...set, 'current/mine': 'mine', 'live/mine': 'mine' });
  },
);

test.each(changesOfMode)(
  'from %s to %s a set that is refused then gives way to the good one of the mode before',
  async (from, to) => {
    const { target, source } = await bench(from, { a: 'good' });
    source.set('r2', { a: 'bad' });
    const answers: Answer[] = [{ class: 'busy', detail: 'starting' }];
    const application: Target = {
      name: 'url1',
      identity: 'application',
      reload: async () => answers[0] ?? { class: 'accepted' },
    };
    {
      await using before = engineIn(from, target, source, { targets: [application] });
      await before.open();
      await before.look(signal);
      await before.settle(signal);
      expect(before.state).toMatchObject({ published: { sequence: 2 }, good: { sequence: 1 } });
    }
    answers[0] = { class: 'rejected', detail: 'no' };
    await using after = engineIn(to, target, source, { targets: [application] });
    await after.open();
    await vi.waitFor(async () => {
      await after.settle(signal);
      expect(after.state?.rejected?.sequence ?? after.state?.quarantine?.length).toBeDefined();
      answers.length = 0;
      await after.settle(signal);
      expect(await readAll(rootIn(to, target))).toEqual({ a: 'good' });
    });
  },
);

test('plain files that somebody edited are not carried over, but brought again', async () => {
  const { target, live, shown } = await bench('rename');
  await writeFile(join(target, 'conf.d/a'), 'edited');
  await using _ = await live('symlink');
  expect(await shown('symlink')).toEqual(files);
});

test('directories that nobody may write into give way too', async () => {
  const { target, live, shown } = await bench('rename');
  await chmod(join(target, 'conf.d/deep'), 0o555);
  await chmod(join(target, 'conf.d'), 0o555);
  await using _ = await live('symlink');
  expect(await shown('symlink')).toEqual(files);
  expect((await namesIn(target))['conf.d']).toBe('..data/conf.d');
});

describe.each(modes)('in %s mode', (mode) => {
  test('names that change between file and directory arrive', async () => {
    const { target, source, live } = await bench(mode, { a: '1', 'b/x': '1', 'c/x/y': '1' });
    const set = { 'a/x': '2', b: '2', 'c/x': '2' };
    source.set('r2', set);
    await using engine = await live(mode);
    await expectOnly(engine, mode, target, set);
  });

  test('another part of the repository has nothing of the one before', async () => {
    const { target, source, live } = await bench(mode, { 'app/a': '1', 'app/b': '1', 'site/c': '1' });
    const set = { a: '1', b: '1' };
    source.set('r2', set);
    await using engine = await live(mode);
    await expectOnly(engine, mode, target, set);
  });

  test('a target of which everything was removed is filled again', async () => {
    const { target, live } = await bench(mode);
    for (const name of await readdir(target)) await rm(join(target, name), { recursive: true });
    await using engine = await live(mode);
    await expectOnly(engine, mode, target, files);
  });

  test('a target that is made anew before the first set gets that set', async () => {
    const target = await temporaryDirectory();
    const source = new MemorySource();
    source.set('r1', files);
    await using engine = engineIn(mode, target, source);
    await engine.open();
    await rm(target, { recursive: true });
    await mkdir(target);
    await engine.look(signal);
    await expectOnly(engine, mode, target, files);
  });
});

test.each(['rename', 'link live'] as const)(
  'in %s mode a ConfigMap volume that somebody else keeps in the target stays whole',
  async (mode) => {
    const { target, source, live, shown } = await bench(mode, { a: '1' });
    const names = ['..2026_01_01_00_00_00.000000001', '..2026_01_01_00_00_00.000000002'];
    for (const name of names) {
      await mkdir(join(target, name));
      await writeFile(join(target, name, 'theirs'), name);
    }
    await symlink(names[0] ?? '', join(target, '..data'));
    await symlink('..data/theirs', join(target, 'theirs'));
    source.set('r2', { a: '2' });
    await using engine = await live(mode);
    await engine.settle(signal);
    expect(await shown(mode)).toMatchObject({ a: '2' });
    expect(await readFile(join(target, 'theirs'), 'utf8')).toBe(names[0]);
    expect(await readFile(join(target, names[1] ?? '', 'theirs'), 'utf8')).toBe(names[1]);
  },
);

test("a directory that is called as Wherry's own and is not stays", async () => {
  const { target, live } = await bench('symlink');
  await mkdir(join(target, '..wherry/generations/theirs'), { recursive: true });
  await using _ = await live('symlink');
  expect(await readdir(join(target, '..wherry/generations'))).toEqual(['theirs']);
});

test('without its ..data link the set is there again, and needs no source', async () => {
  const { target, source, live } = await bench('symlink');
  await rm(join(target, '..data'));
  source.failure = new UnreachableError({ problem: 'down' });
  await using engine = await live('symlink');
  await expectOnly(engine, 'symlink', target, files);
});

test('lost state does not cost readers the set of the mode before, until there is another', async () => {
  const { target, source, live, shown } = await bench('symlink');
  await rm(join(target, '..wherry'), { recursive: true });
  source.failure = new UnreachableError({ problem: 'down' });
  {
    await using _ = await live('link live');
    expect(await shown('symlink')).toMatchObject(files);
  }
  source.failure = undefined;
  await using engine = await live('link live');
  await expectOnly(engine, 'link live', target, files);
});
