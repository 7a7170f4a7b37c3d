import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import {
  chmod,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { UnreachableError } from '../../../src/failure/failure.ts';
import { driftBench, isWatched, realRoot, turning } from '../../support/drift-bench.ts';
import { visibleNames } from '../../support/engine-bench.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const files = { 'app.conf': 'one', 'conf.d/a.conf': 'a', 'conf.d/b.conf': 'b', 'deep/er/c.conf': 'c' };
const all = { ...files, current: '-> conf.d/a.conf' };
const timeout = 20_000;

describe.each(['symlink', 'rename', 'link live'] as const)('in %s mode', (mode) => {
  const holdsForeign = mode === 'rename';

  /** A published set that everybody took, and a loop that turns. */
  async function published() {
    const bench = await driftBench({ mode });
    const engine = await bench.start();
    bench.source.set('r1', files);
    bench.source.links = { current: 'conf.d/a.conf' };
    await engine.look(bench.signal);
    await expect.poll(() => engine.state?.good?.sequence, { timeout }).toBe(1);
    const look = turning(engine);
    await isWatched(engine);
    const root = await realRoot(mode, bench.target);
    const comesBack = () => expect.poll(bench.reads, { timeout }).toEqual(all);
    const isTold = (times: number) => expect.poll(() => bench.told.length, { timeout }).toBe(times + 1);
    return { ...bench, engine, look, root, comesBack, isTold };
  }

  describe('a published file', () => {
    test('that is edited is put back, and the application is told like of a change', async () => {
      const { root, comesBack, isTold, told, engine, repairs } = await published();
      await writeFile(join(root, 'app.conf'), 'edited');
      await isTold(1);
      await comesBack();
      expect(told.at(-1)).toEqual({ sequence: 2, changed: undefined, set: all });
      expect(repairs()).toBe(1);
      await expect.poll(() => engine.state?.good?.sequence, { timeout }).toBe(2);
      expect(engine.state?.published?.generation).toBe(engine.state?.good?.generation);
      expect(engine.drift).toMatchObject({ repairs: 1, lastPath: 'app.conf' });
    });

    test('that is edited without another size or time is put back', async () => {
      const { root, comesBack, isTold } = await published();
      const path = join(root, 'app.conf');
      const { atime, mtime } = await lstat(path);
      await writeFile(path, 'two');
      await utimes(path, atime, mtime);
      await isTold(1);
      await comesBack();
    });

    test('that is deleted is put back', async () => {
      const { root, comesBack, isTold } = await published();
      await rm(join(root, 'deep/er/c.conf'));
      await isTold(1);
      await comesBack();
    });

    test('that is replaced by another file is put back', async () => {
      const { root, comesBack, isTold } = await published();
      const other = join(await temporaryDirectory(), 'other');
      await writeFile(other, 'x!x');
      await rename(other, join(root, 'app.conf'));
      await isTold(1);
      await comesBack();
    });

    if (!holdsForeign)
      test('that is replaced by a directory with files in it is put back', async () => {
        const { root, comesBack, isTold } = await published();
        await rm(join(root, 'app.conf'));
        await mkdir(join(root, 'app.conf/sub'), { recursive: true });
        await writeFile(join(root, 'app.conf/sub/file'), 'x');
        await isTold(1);
        await comesBack();
      });

    if (holdsForeign)
      test('that foreign files lie in the place of waits until they are gone', async () => {
        const { root, comesBack, engine } = await published();
        await rm(join(root, 'app.conf'));
        await mkdir(join(root, 'app.conf/sub'), { recursive: true });
        await writeFile(join(root, 'app.conf/sub/file'), 'x');
        await expect
          .poll(() => engine.drift?.waiting?.reason, { timeout })
          .toMatch(/WHERRY_TARGET: .*app.conf is a directory with files that Wherry did not write/);
        expect(await readFile(join(root, 'app.conf/sub/file'), 'utf8')).toBe('x');
        await rm(join(root, 'app.conf'), { recursive: true });
        await comesBack();
      });

    if (holdsForeign)
      test('that foreign files lie in the place of keeps no other waiting, and nobody is said to fight', async () => {
        const { root, reads, engine, isTold, told, repairs, log } = await published();
        await rm(join(root, 'app.conf'));
        await mkdir(join(root, 'app.conf'));
        await writeFile(join(root, 'app.conf/file'), 'x');
        await writeFile(join(root, 'conf.d/b.conf'), 'edited');
        await isTold(1);
        const { 'app.conf': _, ...others } = all;
        expect(await reads()).toEqual({ ...others, 'app.conf/file': 'x' });
        const nextTry = () => engine.drift?.waiting?.nextTryAt;
        const tries = new Set<string | undefined>();
        await expect.poll(() => tries.add(nextTry()).size, { timeout }).toBe(3);
        expect(engine.drift?.waiting).toMatchObject({ path: 'app.conf', files: 1 });
        expect(told).toHaveLength(2);
        expect(repairs()).toBe(1);
        expect(log.lines.filter(({ message }) => message.startsWith('put back'))).toHaveLength(1);
      });

    test('that is replaced by a link is put back, and what the link leads to is left alone', async () => {
      const { root, comesBack, isTold } = await published();
      const foreign = join(await temporaryDirectory(), 'foreign');
      await writeFile(foreign, 'foreign');
      await rm(join(root, 'app.conf'));
      await symlink(foreign, join(root, 'app.conf'));
      await isTold(1);
      await comesBack();
      expect(await readFile(foreign, 'utf8')).toBe('foreign');
    });

    test('that has another mode gets its mode back, and keeps its inode', async () => {
      const { root, isTold, source } = await published();
      const path = join(root, 'app.conf');
      const { ino } = await lstat(path);
      const { writes } = source;
      await chmod(path, 0o600);
      await isTold(1);
      const after = await lstat(path);
      expect(after.mode & 0o7777).toBe(0o644);
      expect(after.ino).toBe(ino);
      expect(source.writes).toBe(writes);
    });

    test('that was touched, and is what it was, is left alone', async () => {
      const { root, engine, told, repairs } = await published();
      await utimes(join(root, 'app.conf'), new Date(), new Date());
      // Not emptied in between: that would be a change, however short.
      await writeFile(join(root, 'conf.d/a.conf'), 'a', { flag: 'r+' });
      await expect.poll(() => engine.driftAt, { timeout }).toBeLessThan(performance.now() + 60_000);
      await isWatched(engine);
      expect(repairs()).toBe(0);
      expect(told).toHaveLength(1);
    });

    test('that was changed right before the next set is put back in that', async () => {
      const { target, root, source, look, reads, told } = await published();
      await writeFile(join(root, 'conf.d/a.conf'), 'x');
      source.set('r2', { ...files, 'app.conf': 'two' });
      await look();
      await expect.poll(reads, { timeout }).toEqual({ ...all, 'app.conf': 'two' });
      await expect.poll(() => told.at(-1)?.set, { timeout }).toEqual({ ...all, 'app.conf': 'two' });
      expect(await visibleNames(target)).toBeDefined();
    });
  });

  describe('more than a file', () => {
    test('a directory that is deleted comes back with all that was in it, in one repair', async () => {
      const { root, comesBack, isTold, repairs } = await published();
      await rm(join(root, 'conf.d'), { recursive: true });
      await isTold(1);
      await comesBack();
      expect(repairs()).toBe(2);
    });

    test('what is changed in a directory that came back is seen too', async () => {
      const { root, comesBack, isTold } = await published();
      await rm(join(root, 'conf.d'), { recursive: true });
      await isTold(1);
      await comesBack();
      await writeFile(join(root, 'conf.d/b.conf'), 'edited');
      await isTold(2);
      await comesBack();
    });

    test('a directory that was moved away, with a link in its place, is put back', async () => {
      const { root, comesBack, isTold } = await published();
      const elsewhere = join(await temporaryDirectory(), 'elsewhere');
      await rename(join(root, 'conf.d'), elsewhere);
      await symlink(elsewhere, join(root, 'conf.d'));
      await isTold(1);
      await comesBack();
      expect((await lstat(join(root, 'conf.d'))).isDirectory()).toBe(true);
      expect(await readFile(join(elsewhere, 'a.conf'), 'utf8')).toBe('a');
    });

    if (!holdsForeign)
      test('a directory that has another mode gets its mode back', async () => {
        const { root, comesBack, isTold } = await published();
        await chmod(join(root, 'conf.d'), 0o500);
        await isTold(1);
        await comesBack();
        expect((await lstat(join(root, 'conf.d'))).mode & 0o777).toBe(0o755);
      });

    test('a link of the set is put back', async () => {
      const { root, comesBack, isTold } = await published();
      await rm(join(root, 'current'));
      await symlink('conf.d/b.conf', join(root, 'current'));
      await isTold(1);
      await comesBack();
    });

    test('several changes at once are one repair, told once', async () => {
      const { root, comesBack, isTold, repairs } = await published();
      // Without a turn of the event loop in between, however busy the machine is.
      rmSync(join(root, 'app.conf'));
      writeFileSync(join(root, 'conf.d/a.conf'), 'edited');
      chmodSync(join(root, 'conf.d/b.conf'), 0o600);
      await isTold(1);
      await comesBack();
      expect(repairs()).toBe(3);
    });

    test('a file that something else put beside them is left alone', async () => {
      const { root, engine, repairs } = await published();
      await writeFile(join(root, 'conf.d/extra.conf'), 'extra');
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect(engine.driftAt).toBeGreaterThan(performance.now() + 60_000);
      expect(await readFile(join(root, 'conf.d/extra.conf'), 'utf8')).toBe('extra');
      expect(repairs()).toBe(0);
    });
  });

  if (mode === 'symlink')
    test('a visible link that is deleted comes back at once, counted and told', async () => {
      const { target, isTold, repairs, told, engine } = await published();
      await rm(join(target, 'conf.d'));
      await isTold(1);
      expect(await visibleNames(target)).toEqual(['app.conf', 'conf.d', 'current', 'deep']);
      expect(repairs()).toBe(1);
      expect(told.at(-1)?.sequence).toBe(2);
      expect(engine.drift).toMatchObject({ repairs: 1, lastPath: 'conf.d' });
    });

  if (mode === 'symlink') {
    test.each([
      ['a file that an editor saved', (path: string) => writeFile(path, 'edited')],
      ['a link to elsewhere', (path: string) => symlink('/etc/hostname', path)],
      ['an empty directory', (path: string) => mkdir(path)],
    ])('a visible link whose place %s takes comes back, counted and told', async (_, put) => {
      const { target, isTold, repairs, look, source, comesBack } = await published();
      await put(join(target, '..new'));
      await rm(join(target, 'app.conf'));
      await rename(join(target, '..new'), join(target, 'app.conf'));
      await isTold(1);
      expect(await readlink(join(target, 'app.conf'))).toBe('..data/app.conf');
      await comesBack();
      expect(repairs()).toBe(1);
      source.set('r2', { ...files, 'app.conf': 'two' });
      await look();
      expect(await readFile(join(target, 'app.conf'), 'utf8')).toBe('two');
    });
  }

  if (!holdsForeign)
    test('the link to the set that is deleted comes back at once', async () => {
      const { target, isTold, comesBack } = await published();
      await rm(join(target, mode === 'symlink' ? '..data' : 'live'));
      await isTold(1);
      await comesBack();
    });

  describe('the manifest', () => {
    const find = async (target: string, root: string) => {
      if (!holdsForeign) return join(root, '.wherry.json');
      const workshop = join(target, '..wherry/generations');
      return join(workshop, 'current', '.wherry.json');
    };
    /** What lies in the state directory is private, and not watched. */
    const beSeen = (root: string) => utimes(join(root, 'app.conf'), new Date(), new Date());

    test('that is edited, the files being what they were, is written anew and nobody is told', async () => {
      const { target, root, told, repairs } = await published();
      const path = await find(target, root);
      const before = JSON.parse(await readFile(path, 'utf8'));
      await writeFile(path, JSON.stringify({ ...before, revision: 'elsewhere', sequence: 77 }));
      await beSeen(root);
      const sequence = async () => JSON.parse(await readFile(path, 'utf8')).sequence;
      await expect.poll(sequence, { timeout }).toBe(1);
      expect(JSON.parse(await readFile(path, 'utf8')).revision).toBe('r1');
      await expect.poll(repairs).toBe(1);
      expect(told).toHaveLength(1);
    });

    test.each([
      ['is deleted', (path: string) => rm(path)],
      ['is nonsense', (path: string) => writeFile(path, '{')],
      [
        'names other files',
        async (path: string) => {
          const text = await readFile(path, 'utf8');
          await writeFile(path, text.replace('"conf.d/a.conf"', '"conf.d/z.conf"'));
        },
      ],
    ])('that %s makes the set be published anew', async (_, damage) => {
      const { target, root, isTold, comesBack, engine } = await published();
      const { generation } = engine.state?.published ?? {};
      await damage(await find(target, root));
      await beSeen(root);
      await isTold(1);
      await comesBack();
      expect(engine.state?.published?.generation).not.toBe(generation);
      expect(engine.state?.published?.sequence).toBe(2);
    });
  });

  describe('a target that is wiped while running', () => {
    test('comes back at once, without a poll', async () => {
      const { target, comesBack, isTold } = await published();
      for (const name of await readdir(target))
        await rm(join(target, name), { recursive: true, force: true });
      await isTold(1);
      await comesBack();
    });

    test('and replaced by another directory comes back there', async () => {
      const { target, comesBack } = await published();
      await rename(target, `${target}.old`);
      await mkdir(target);
      await comesBack();
      await rm(`${target}.old`, { recursive: true });
    });

    test('comes back when the source answers only later', async () => {
      const { target, comesBack, source, engine, look, reads } = await published();
      source.failure = new UnreachableError({ problem: 'down' });
      for (const name of await readdir(target))
        await rm(join(target, name), { recursive: true, force: true });
      await expect.poll(() => engine.state?.published, { timeout }).toBeUndefined();
      expect(await reads()).not.toEqual(all);
      source.failure = undefined;
      await look();
      await comesBack();
    });
  });

  describe('while the source is down', () => {
    test('what can be taken from the volume is put back', async () => {
      const { source, engine, look, target, told } = await published();
      // What a later set replaces is kept in every mode.
      source.set('r2', { ...files, 'app.conf': 'two' });
      await look();
      await expect.poll(() => engine.state?.good?.sequence, { timeout }).toBe(2);
      source.set('r3', files);
      await look();
      await expect.poll(() => engine.state?.good?.sequence, { timeout }).toBe(3);
      await isWatched(engine);
      source.failure = new UnreachableError({ problem: 'down' });
      const path = join(await realRoot(mode, target), mode === 'rename' ? 'app.conf' : 'conf.d/a.conf');
      const content = await readFile(path, 'utf8');
      await writeFile(path, 'edited');
      if (mode === 'rename') {
        // A replaced set keeps only what was replaced of it: the other content of that file.
        await expect.poll(() => engine.drift?.waiting?.reason, { timeout }).toBe('down');
        source.failure = undefined;
      }
      await expect.poll(() => told.length, { timeout }).toBe(4);
      expect(await readFile(path, 'utf8')).toBe(content);
    });

    test('the rest waits for it, and says so', async () => {
      const { source, engine, root, comesBack, isTold, log } = await published();
      source.failure = new UnreachableError({ problem: 'down' });
      await writeFile(join(root, 'app.conf'), 'edited');
      await expect
        .poll(() => engine.drift?.waiting, { timeout })
        .toMatchObject({ path: 'app.conf', files: 1, reason: 'down' });
      expect(log.of('warn').filter(({ message }) => message.includes('not put back yet'))).toHaveLength(1);
      expect(engine.state?.published?.sequence).toBe(1);
      source.failure = undefined;
      await isTold(1);
      await comesBack();
      expect(engine.drift?.waiting).toBeUndefined();
    });
  });
});
