import {
  chmod,
  lstat,
  mkdir,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { linkShape } from '../../src/publish/shape.ts';
import { SymlinkPublisher } from '../../src/publish/symlink-publisher.ts';
import { MemorySource } from '../support/memory-source.ts';
import { engineIn, namesIn, readAll } from '../support/publish-modes.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const { signal } = new AbortController();
const mode = 'link current';

async function bench(files: Record<string, string>, retain = 60_000) {
  const target = await temporaryDirectory();
  const source = new MemorySource();
  source.set('r1', files);
  const start = () => engineIn(mode, target, source, {}, retain);
  return { target, source, start };
}

async function published(files: Record<string, string>, retain?: number) {
  const { target, source, start } = await bench(files, retain);
  const engine = start();
  await engine.open();
  await engine.look(signal);
  return { target, source, engine, start, link: join(target, 'current') };
}

test('the set lies behind one relative link, and nothing else is visible', async () => {
  const { target, link } = await published({ 'app.yaml': 'a', 'conf.d/x': 'x' });
  expect(await readlink(link)).toMatch(/^\.wherry-generations\/\d{4}(_\d\d){5}\.\d{9}$/);
  expect(await namesIn(target)).toEqual({ current: await readlink(link) });
  expect(await readAll(link)).toEqual({ 'app.yaml': 'a', 'conf.d/x': 'x' });
  expect(JSON.parse(await readFile(join(link, '.wherry.json'), 'utf8'))).toMatchObject({ revision: 'r1' });
});

test('a change turns the link, wakes who holds the files before it, and lets them stay for a time', async () => {
  const { source, engine, link, target } = await published({ a: '1', b: '1' });
  const before = join(target, await readlink(link));
  const { ctimeNs } = await stat(join(before, 'b'), { bigint: true });
  source.set('r2', { a: '2', b: '1' });
  await engine.look(signal);
  await engine.settle(signal);
  expect(await readAll(link)).toEqual({ a: '2', b: '1' });
  expect(await readAll(before)).toEqual({ a: '1', b: '1' });
  expect((await stat(join(before, 'b'), { bigint: true })).ctimeNs).toBeGreaterThan(ctimeNs);
  expect(source.written.slice(2)).toEqual(['a']);
});

test('a replaced generation goes after its time', async () => {
  const { source, engine, link, target } = await published({ a: '1' }, 0);
  const before = join(target, await readlink(link));
  source.set('r2', { a: '2' });
  await engine.look(signal);
  await engine.settle(signal);
  await expect(lstat(before)).rejects.toThrow('ENOENT');
});

test('another WHERRY_DIR_MODE lets readers to the next set, and the group of the volume stays', async () => {
  const { target, link } = await published({ a: '1' });
  const generations = join(target, '.wherry-generations');
  const shown = async () => (await lstat(generations)).mode & 0o7777;
  await chmod(generations, 0o2700);
  const options = { fileMode: 0o644, fsync: false, maxBytes: 1024, retain: 0 };
  const places = { target, stateDir: join(target, '..wherry') };
  const publisher = new SymlinkPublisher({ ...options, ...places, dirMode: 0o555 }, linkShape('current'));
  await publisher.open();
  expect(await shown()).toBe(0o2755);
  expect(await readAll(link)).toEqual({ a: '1' });
});

test('any name of a set may be that of something in the target, and that of the link', async () => {
  const { target, source, engine, link } = await published({ a: '1' });
  await writeFile(join(target, 'mine'), 'mine');
  source.set('r2', { mine: 'of the set', current: 'too', 'current.d/x': '' });
  await engine.look(signal);
  expect(await readAll(link)).toEqual({ mine: 'of the set', current: 'too', 'current.d/x': '' });
  expect(await readFile(join(target, 'mine'), 'utf8')).toBe('mine');
});

test.each(['a link', 'a file', 'a directory'])(
  '%s that a killed run left in the making blocks nothing',
  async (kind) => {
    const { target, source, start, link } = await published({ a: '1' });
    const next = join(target, '.wherry-generations/next');
    if (kind === 'a link') await symlink('nowhere', next);
    else if (kind === 'a file') await writeFile(next, '');
    else await mkdir(join(next, 'x'), { recursive: true });
    source.set('r2', { a: '2' });
    const again = start();
    await again.open();
    await again.look(signal);
    expect(await readAll(link)).toEqual({ a: '2' });
    await expect(lstat(next)).rejects.toThrow('ENOENT');
  },
);

test.each(['a file', 'a directory', 'a link to elsewhere', "git-sync's link"])(
  '%s of that name is refused by name, and stays',
  async (kind) => {
    const { target, start } = await bench({ a: '1' });
    const link = join(target, 'current');
    if (kind === 'a file') await writeFile(link, 'mine');
    else if (kind === 'a directory') await mkdir(link);
    else await symlink(kind === 'a link to elsewhere' ? '/etc' : '.worktrees/8c1b2e', link);
    const before = await lstat(link);
    await expect(start().open()).rejects.toThrow(
      new RegExp(`^WHERRY_LINK_NAME: ${link}( -> .*)? is in the way: .*; remove it, or choose another name$`),
    );
    expect((await lstat(link)).ino).toBe(before.ino);
  },
);

test('a file in the place of the generations is refused by name', async () => {
  const { target, start } = await bench({ a: '1' });
  await writeFile(join(target, '.wherry-generations'), '');
  await expect(start().open()).rejects.toThrow(
    `${join(target, '.wherry-generations')} is in the way: Wherry needs that name for itself, and did not write it; remove it, or name another directory`,
  );
});

test('at a start a link that leads elsewhere is refused, and one that is gone is made anew', async () => {
  const { target, start, link } = await published({ a: '1' });
  const text = await readlink(link);
  await symlink('/etc', join(target, 'other'));
  await rename(join(target, 'other'), link);
  await expect(start().open()).rejects.toThrow('is in the way');
  await rm(link);
  const again = start();
  await again.open();
  await again.settle(signal);
  expect(await readAll(link)).toEqual({ a: '1' });
  expect(await readlink(link)).not.toBe(text);
});

test('a running sidecar puts a link right that is gone, and one that was turned', async () => {
  const { engine, link, target, source } = await published({ a: '1' });
  const text = await readlink(link);
  await rm(link);
  const look = async () => {
    await engine.look(signal);
    return readlink(link).catch(() => 'none');
  };
  await expect.poll(look, { timeout: 20_000, interval: 200 }).toBe(text);
  await symlink('/etc', join(target, 'other'));
  await rename(join(target, 'other'), link);
  await expect.poll(look, { timeout: 20_000, interval: 200 }).toBe(text);
  expect(source.writes).toBe(1);
});

test('a target that was wiped is published anew', async () => {
  const { engine, link, target } = await published({ a: '1' });
  await rm(link);
  await rm(join(target, '.wherry-generations'), { recursive: true });
  const look = async () => {
    await engine.look(signal);
    return readAll(link).catch(() => undefined);
  };
  await expect.poll(look, { timeout: 20_000, interval: 200 }).toEqual({ a: '1' });
});

test('rolled back, the good set is a new generation behind the link', async () => {
  const { target, source } = await bench({ a: 'good' });
  const answers = ['accepted', 'rejected', 'accepted'] as const;
  let calls = 0;
  const application = {
    name: 'url1',
    identity: 'application',
    reload: async () => {
      const name = answers[calls++] ?? 'accepted';
      return name === 'accepted' ? ({ class: name } as const) : ({ class: name, detail: 'no' } as const);
    },
  };
  const engine = engineIn(mode, target, source, { targets: [application] }, 60_000);
  await engine.open();
  await engine.look(signal);
  await expect.poll(() => engine.state?.good?.sequence).toBe(1);
  source.set('r2', { a: 'bad' });
  await engine.look(signal);
  await expect
    .poll(async () => {
      await engine.settle(signal);
      return engine.state?.good?.sequence;
    })
    .toBe(3);
  expect(await readAll(join(target, 'current'))).toEqual({ a: 'good' });
  await engine[Symbol.asyncDispose]();
});
