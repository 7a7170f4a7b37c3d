import {
  chmod,
  lstat,
  mkdir,
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
import { driftBench, turning } from '../../support/drift-bench.ts';
import { readSet, visibleNames } from '../../support/engine-bench.ts';

const files = { 'app.conf': 'one', 'conf.d/a.conf': 'a', 'conf.d/b.conf': 'b', 'deep/er/c.conf': 'c' };

/** A published set that everybody took, and a loop that turns. */
async function published(more: Parameters<typeof driftBench>[1] = {}) {
  const bench = await driftBench({}, more);
  const engine = await bench.start();
  bench.source.set('r1', files);
  bench.source.links = { current: 'conf.d/a.conf' };
  await engine.look(bench.signal);
  await expect.poll(() => engine.state?.good?.sequence).toBe(1);
  const all = { ...files, current: '-> conf.d/a.conf' };
  turning(engine);
  // The first check is over, and the files are watched.
  await expect.poll(() => engine.driftAt, { timeout: 5000 }).toBeGreaterThan(performance.now() + 60_000);
  const generation = join(bench.target, await readlink(join(bench.target, '..data')));
  const comesBack = () => expect.poll(() => readSet(bench.target), { timeout: 5000 }).toEqual(all);
  const isTold = (times: number) => expect.poll(() => bench.told.length, { timeout: 5000 }).toBe(times + 1);
  return { ...bench, engine, generation, all, comesBack, isTold };
}

describe('a published file', () => {
  test('that is edited is put back, and the application is told like of a change', async () => {
    const { generation, comesBack, isTold, told, engine, all, repairs } = await published();
    await writeFile(join(generation, 'app.conf'), 'edited');
    await isTold(1);
    await comesBack();
    expect(told.at(-1)).toEqual({ sequence: 2, changed: undefined, set: all });
    expect(repairs()).toBe(1);
    await expect.poll(() => engine.state?.good?.sequence).toBe(2);
    expect(engine.state?.published?.generation).toBe(engine.state?.good?.generation);
  });

  test('that is edited without another size or time is put back', async () => {
    const { generation, comesBack, isTold } = await published();
    const path = join(generation, 'app.conf');
    const { atime, mtime } = await lstat(path);
    await writeFile(path, 'two');
    await utimes(path, atime, mtime);
    await isTold(1);
    await comesBack();
  });

  test('that is deleted is put back', async () => {
    const { generation, comesBack, isTold } = await published();
    await rm(join(generation, 'deep/er/c.conf'));
    await isTold(1);
    await comesBack();
  });

  test('that is replaced by another file is put back', async () => {
    const { generation, comesBack, isTold, target } = await published();
    await writeFile(join(target, 'other'), 'one');
    await writeFile(join(target, 'other'), 'x!x');
    await rename(join(target, 'other'), join(generation, 'app.conf'));
    await isTold(1);
    await comesBack();
  });

  test('that is replaced by a directory with files in it is put back', async () => {
    const { generation, comesBack, isTold } = await published();
    await rm(join(generation, 'app.conf'));
    await mkdir(join(generation, 'app.conf/sub'), { recursive: true });
    await writeFile(join(generation, 'app.conf/sub/file'), 'x');
    await isTold(1);
    await comesBack();
  });

  test('that is replaced by a link is put back, and what the link leads to is left alone', async () => {
    const { generation, comesBack, isTold, target } = await published();
    await writeFile(join(target, 'foreign'), 'foreign');
    await rm(join(generation, 'app.conf'));
    await symlink('../foreign', join(generation, 'app.conf'));
    await isTold(1);
    await comesBack();
    expect(await readFile(join(target, 'foreign'), 'utf8')).toBe('foreign');
  });

  test('that has another mode gets its mode back, and keeps its inode', async () => {
    const { generation, isTold, source } = await published();
    const path = join(generation, 'app.conf');
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
    const { generation, engine, told, repairs } = await published();
    await utimes(join(generation, 'app.conf'), new Date(), new Date());
    await writeFile(join(generation, 'conf.d/a.conf'), 'a');
    await expect.poll(() => engine.driftAt).toBeLessThan(performance.now() + 60_000);
    await expect.poll(() => engine.driftAt).toBeGreaterThan(performance.now() + 60_000);
    expect(repairs()).toBe(0);
    expect(told).toHaveLength(1);
  });
});

describe('more than a file', () => {
  test('a directory that is deleted comes back with all that was in it, in one repair', async () => {
    const { generation, comesBack, isTold, repairs } = await published();
    await rm(join(generation, 'conf.d'), { recursive: true });
    await isTold(1);
    await comesBack();
    expect(repairs()).toBe(2);
  });

  test('what is changed in a directory that came back is seen too', async () => {
    const { generation, comesBack, isTold } = await published();
    await rm(join(generation, 'conf.d'), { recursive: true });
    await isTold(1);
    await comesBack();
    await writeFile(join(generation, 'conf.d/b.conf'), 'edited');
    await isTold(2);
    await comesBack();
  });

  test('a directory that was moved away, with a link in its place, is put back', async () => {
    const { generation, comesBack, isTold, target } = await published();
    await rename(join(generation, 'conf.d'), join(target, 'elsewhere'));
    await symlink('../elsewhere', join(generation, 'conf.d'));
    await isTold(1);
    await comesBack();
    expect((await lstat(join(generation, 'conf.d'))).isDirectory()).toBe(true);
    expect(await readFile(join(target, 'elsewhere/a.conf'), 'utf8')).toBe('a');
  });

  test('a directory that is closed is opened', async () => {
    const { generation, comesBack, isTold } = await published();
    await chmod(join(generation, 'conf.d'), 0o500);
    await isTold(1);
    await comesBack();
    expect((await lstat(join(generation, 'conf.d'))).mode & 0o777).toBe(0o755);
  });

  test('a link of the set is put back', async () => {
    const { generation, comesBack, isTold } = await published();
    await rm(join(generation, 'current'));
    await symlink('conf.d/b.conf', join(generation, 'current'));
    await isTold(1);
    await comesBack();
  });

  test('several changes at once are one repair, told once', async () => {
    const { generation, comesBack, isTold, repairs } = await published();
    await rm(join(generation, 'app.conf'));
    await writeFile(join(generation, 'conf.d/a.conf'), 'edited');
    await chmod(join(generation, 'conf.d/b.conf'), 0o600);
    await isTold(1);
    await comesBack();
    expect(repairs()).toBe(3);
  });

  test('a file that something else put into the generation is left alone', async () => {
    const { generation, engine, repairs } = await published();
    await writeFile(join(generation, 'conf.d/extra.conf'), 'extra');
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(engine.driftAt).toBeGreaterThan(performance.now() + 60_000);
    expect(await readFile(join(generation, 'conf.d/extra.conf'), 'utf8')).toBe('extra');
    expect(repairs()).toBe(0);
  });
});

describe('what leads to the set', () => {
  test('a visible link that is deleted comes back at once, counted and told', async () => {
    const { target, isTold, repairs, told, engine } = await published();
    await rm(join(target, 'conf.d'));
    await isTold(1);
    expect(await visibleNames(target)).toEqual(['app.conf', 'conf.d', 'current', 'deep']);
    expect(repairs()).toBe(1);
    expect(told.at(-1)?.sequence).toBe(2);
    expect(engine.drift).toMatchObject({ repairs: 1, lastPath: 'conf.d' });
  });

  test('..data that is deleted comes back at once', async () => {
    const { target, isTold, comesBack } = await published();
    await rm(join(target, '..data'));
    await isTold(1);
    await comesBack();
  });
});

describe('the manifest', () => {
  test('that is edited, the files being what they were, is written anew and nobody is told', async () => {
    const { generation, told, repairs } = await published();
    const path = join(generation, '.wherry.json');
    const before = JSON.parse(await readFile(path, 'utf8'));
    const edited = { ...before, revision: 'elsewhere', sequence: 77 };
    await writeFile(path, JSON.stringify(edited));
    await expect
      .poll(async () => JSON.parse(await readFile(path, 'utf8')).sequence, { timeout: 5000 })
      .toBe(1);
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
    const { generation, isTold, comesBack, engine } = await published();
    await damage(join(generation, '.wherry.json'));
    await isTold(1);
    await comesBack();
    expect(engine.state?.published?.generation).not.toBe(engine.state?.good?.generation === undefined);
    expect(join(generation)).not.toContain(engine.state?.published?.generation ?? generation);
  });
});

describe('a target that is wiped while running', () => {
  test('comes back at once, without a poll', async () => {
    const { target, comesBack, isTold } = await published();
    const { readdir } = await import('node:fs/promises');
    for (const name of await readdir(target)) await rm(join(target, name), { recursive: true, force: true });
    await isTold(1);
    await comesBack();
    expect(await visibleNames(target)).toEqual(['app.conf', 'conf.d', 'current', 'deep']);
  });

  test('and replaced by another directory comes back there', async () => {
    const { target, comesBack } = await published();
    await rename(target, `${target}.old`);
    await mkdir(target);
    await comesBack();
    await rm(`${target}.old`, { recursive: true });
  });
});

describe('while the source is down', () => {
  test('what can be taken from the volume is put back', async () => {
    const { source, engine, signal, target, told } = await published();
    source.set('r2', { ...files, 'app.conf': 'two' });
    source.links = {};
    await engine.look(signal);
    await expect.poll(() => engine.state?.good?.sequence).toBe(2);
    await expect.poll(() => engine.driftAt, { timeout: 5000 }).toBeGreaterThan(performance.now() + 60_000);
    source.failure = new UnreachableError({ problem: 'down' });
    const generation = join(target, await readlink(join(target, '..data')));
    await writeFile(join(generation, 'conf.d/a.conf'), 'edited');
    await expect.poll(() => told.length, { timeout: 5000 }).toBe(2 + 0 + 0);
    await expect.poll(() => readFile(join(generation, 'conf.d/a.conf'), 'utf8'), { timeout: 5000 }).toBe('a');
  });

  test('the rest waits for it, and says so', async () => {
    const { source, engine, generation, comesBack, isTold, log } = await published();
    source.failure = new UnreachableError({ problem: 'down' });
    await writeFile(join(generation, 'app.conf'), 'edited');
    await expect
      .poll(() => engine.drift?.waiting, { timeout: 5000 })
      .toMatchObject({
        path: 'app.conf',
        files: 1,
        reason: 'down',
      });
    expect(log.of('warn').filter(({ message }) => message.includes('not put back yet'))).toHaveLength(1);
    expect(engine.state?.published?.sequence).toBe(1);
    source.failure = undefined;
    await isTold(1);
    await comesBack();
    expect(engine.drift?.waiting).toBeUndefined();
  });
});
