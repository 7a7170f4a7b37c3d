import { chmod, lstat, mkdir, readdir, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { TargetError } from '../../../src/failure/failure.ts';
import { modeOf } from '../../support/engine-bench.ts';
import { MemorySource } from '../../support/memory-source.ts';
import { markOf, newVolume, published, renameEngineOn, signal, treeOf } from '../../support/rename-bench.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

test('a set appears as plain files and nothing else', async () => {
  const files = { 'app.yaml': 'a', 'conf.d/x.conf': 'x', 'conf.d/deep/y.conf': 'y', 'run.sh': 's' };
  const { target } = await published(files);
  expect(await treeOf(target)).toEqual(files);
  expect(await modeOf(join(target, 'app.yaml'))).toBe('644');
  expect(await modeOf(join(target, 'run.sh'))).toBe('755');
  expect(await modeOf(join(target, 'conf.d/deep'))).toBe('755');
});

test('a change replaces what changed and touches nothing else', async () => {
  const { target, publish } = await published({ a: '1', 'd/b': '1', 'd/c': '1', gone: '1' });
  const before = await markOf(join(target, 'd/c'));
  const inode = (await stat(join(target, 'd/b'))).ino;
  await publish('r2', { a: '1', 'd/b': '2', 'd/c': '1', 'new/file': '2' });
  expect(await treeOf(target)).toEqual({ a: '1', 'd/b': '2', 'd/c': '1', 'new/file': '2' });
  expect(await markOf(join(target, 'd/c'))).toBe(before);
  expect((await stat(join(target, 'd/b'))).ino).not.toBe(inode);
});

test('only what changed is asked of the source', async () => {
  const { source, publish } = await published({ a: '1', b: '1', 'd/c': '1' });
  source.written.length = 0;
  await publish('r2', { a: '1', b: '2', 'd/c': '1' });
  expect(source.written).toEqual(['b']);
});

test('the workshop holds the manifest of the current set, and whose it is', async () => {
  const { workshop, publish } = await published({ a: '1', 'd/b': '1' });
  await publish('r2', { a: '2', 'd/b': '1' });
  const names = await readdir(workshop);
  const current = await readlink(join(workshop, 'current'));
  expect(names.toSorted()).toEqual(['..target', current, 'current'].toSorted());
  expect(await readdir(join(workshop, current))).toEqual(['.wherry.json']);
  expect(await modeOf(workshop)).toBe('700');
});

test('directories that a set leaves are removed, but for those that hold what is not ours', async () => {
  const { target, publish } = await published({ a: '1', 'd/e/f': '1', 'g/h': '1' });
  await writeFile(join(target, 'g/foreign'), 'mine');
  await publish('r2', { a: '1' });
  expect(await treeOf(target)).toEqual({ a: '1', 'g/foreign': 'mine' });
});

test('a directory that was there before the set stays when the set leaves it', async () => {
  const volume = await newVolume();
  await mkdir(join(volume.target, 'd'));
  const source = new MemorySource();
  source.set('r1', { 'd/a': '1', 'd/e/b': '1', c: '1' });
  await using engine = renameEngineOn(volume, source);
  await engine.open();
  await engine.look(signal);
  source.set('r2', { c: '1', 'd/a': '1' });
  await engine.look(signal);
  expect(await treeOf(volume.target)).toEqual({ c: '1', 'd/a': '1' });
  source.set('r3', { c: '1' });
  await engine.look(signal);
  expect(await treeOf(volume.target)).toEqual({ c: '1', 'd/': '' });
});

test.each([
  ['a file', (path: string) => writeFile(path, 'mine')],
  ['a link', (path: string) => symlink('nowhere', path)],
  ['a directory', (path: string) => mkdir(path)],
])('%s that somebody else put under a name of the set is refused by name and stays', async (_what, make) => {
  const { target, engine, source } = await published({ a: '1' });
  await make(join(target, 'b'));
  const before = await markOf(join(target, 'b'));
  source.set('r2', { a: '2', b: '2' });
  await expect(engine.look(signal)).rejects.toThrow(TargetError);
  await expect(engine.look(signal)).rejects.toThrow(`${join(target, 'b')} is in the way`);
  expect(await markOf(join(target, 'b'))).toBe(before);
  expect((await treeOf(target))['a']).toBe('1');
});

test('nothing is renamed through a link that leads elsewhere', async () => {
  const volume = await newVolume();
  await mkdir(join(volume.target, '../elsewhere'));
  await symlink('../elsewhere', join(volume.target, 'd'));
  const source = new MemorySource();
  source.set('r1', { 'd/a': '1' });
  await using engine = renameEngineOn(volume, source);
  await engine.open();
  await expect(engine.look(signal)).rejects.toThrow(`${join(volume.target, 'd')} is in the way`);
  expect(await readdir(join(volume.target, '../elsewhere'))).toEqual([]);
});

test('nothing is removed through a link that somebody put in the place of a directory', async () => {
  const { target, publish } = await published({ a: '1', 'd/b': '1' });
  await rm(join(target, 'd'), { recursive: true });
  await mkdir(join(target, '../elsewhere'));
  await writeFile(join(target, '../elsewhere/b'), 'mine');
  await symlink('../elsewhere', join(target, 'd'));
  await publish('r2', { a: '1' });
  expect(await treeOf(join(target, '../elsewhere'))).toEqual({ b: 'mine' });
});

test('with WHERRY_ADOPT foreign files and links give way, and foreign directories do not', async () => {
  const volume = await newVolume();
  const { target } = volume;
  await writeFile(join(target, 'a'), 'mine');
  await symlink('nowhere', join(target, 'b'));
  await writeFile(join(target, 'c'), 'mine');
  await mkdir(join(target, 'd'));
  await writeFile(join(target, 'd/other'), 'mine');
  const source = new MemorySource();
  source.set('r1', { a: '1', b: '1', 'c/x': '1', 'd/y': '1' });
  await using engine = renameEngineOn(volume, source, { adopt: true });
  await engine.open();
  await engine.look(signal);
  expect(await treeOf(target)).toEqual({ a: '1', b: '1', 'c/x': '1', 'd/y': '1', 'd/other': 'mine' });
  source.set('r2', { a: '1', d: '2' });
  await expect(engine.look(signal)).rejects.toThrow(`${join(target, 'd')} is in the way`);
});

test('a file becomes a directory and a directory a file', async () => {
  const { target, publish } = await published({ a: '1', 'b/x': '1', 'b/y/z': '1', k: '1' });
  await publish('r2', { 'a/x/y': '2', b: '2', k: '1' });
  expect(await treeOf(target)).toEqual({ 'a/x/y': '2', b: '2', k: '1' });
  await publish('r3', { a: '1', 'b/x': '1', 'b/y/z': '1', k: '1' });
  expect(await treeOf(target)).toEqual({ a: '1', 'b/x': '1', 'b/y/z': '1', k: '1' });
});

test('a directory with something foreign in it does not become a file', async () => {
  const { target, engine, source } = await published({ a: '1', 'b/x': '1', 'b/y/z': '1' });
  await writeFile(join(target, 'b/y/foreign'), 'mine');
  source.set('r2', { a: '1', b: '2' });
  await expect(engine.look(signal)).rejects.toThrow(`${join(target, 'b/y/foreign')} is in the way`);
  expect(await treeOf(target)).toEqual({ a: '1', 'b/x': '1', 'b/y/z': '1', 'b/y/foreign': 'mine' });
});

test('links of the set are published as links', async () => {
  const { target, source, engine } = await published({ a: '1' });
  source.links = { 'd/link': '../a', top: 'a' };
  source.set('r2', { a: '1' });
  await engine.look(signal);
  expect(await treeOf(target)).toEqual({ a: '1', 'd/link': '-> ../a', top: '-> a' });
  source.links = {};
  source.set('r3', { a: '1', top: 'plain' });
  await engine.look(signal);
  expect(await treeOf(target)).toEqual({ a: '1', top: 'plain' });
});

test('a gate finds every file in the stage, and what is unchanged is not touched all the same', async () => {
  const seen: Record<string, string>[] = [];
  const validate = async ({ directory }: { readonly directory: string }) => {
    seen.push(await treeOf(directory));
  };
  const { target, publish, source } = await published({ a: '1', 'd/b': '1' }, {}, { validate });
  const before = await markOf(join(target, 'd/b'));
  source.written.length = 0;
  await publish('r2', { a: '2', 'd/b': '1' });
  expect(seen.at(-1)).toEqual(expect.objectContaining({ a: '2', 'd/b': '1' }));
  expect(source.written).toEqual(['a']);
  expect(await markOf(join(target, 'd/b'))).toBe(before);
});

test('directories that are closed to their owner change, and are closed afterwards', async () => {
  const { target, publish } = await published({ 'd/a': '1', 'd/e/b': '1', 'f/c': '1' }, { dirMode: 0o555 });
  expect(await modeOf(join(target, 'd/e'))).toBe('555');
  await publish('r2', { 'd/a': '2', 'd/new/x': '2', 'f/c': '1' });
  expect(await treeOf(target)).toEqual({ 'd/a': '2', 'd/new/x': '2', 'f/c': '1' });
  for (const path of ['d', 'd/new', 'f']) expect(await modeOf(join(target, path))).toBe('555');
  for (const path of ['d', 'd/new', 'f']) await chmod(join(target, path), 0o755);
});

test('another directory mode holds for the directories that stay', async () => {
  const volume = await newVolume();
  const source = new MemorySource();
  source.set('r1', { 'd/a': '1', 'd/e/b': '1' });
  {
    await using engine = renameEngineOn(volume, source);
    await engine.open();
    await engine.look(signal);
  }
  const before = await markOf(join(volume.target, 'd/a'));
  await using engine = renameEngineOn(
    volume,
    source,
    { dirMode: 0o750 },
    { keys: { setKey: 'other', reloadKey: 'reload' } },
  );
  await engine.open();
  await engine.look(signal);
  expect(await modeOf(join(volume.target, 'd/e'))).toBe('750');
  expect(await markOf(join(volume.target, 'd/a'))).toBe(before);
});

test('the workshop is in the target where the state directory is on another volume', async () => {
  const volume = await newVolume();
  const source = new MemorySource();
  source.set('r1', { a: '1' });
  const stateDir = join('/dev/shm', `wherry-${process.pid}-${Date.now()}`);
  try {
    await using engine = renameEngineOn({ ...volume, stateDir }, source);
    await engine.open();
    await engine.look(signal);
    expect(await modeOf(join(volume.target, '..generations'))).toBe('700');
    source.set('r2', { a: '2' });
    await engine.look(signal);
    expect(await treeOf(volume.target)).toEqual(expect.objectContaining({ a: '2' }));
    expect(await readdir(stateDir)).not.toContain('generations');
  } finally {
    await rm(stateDir, { recursive: true, force: true });
  }
});

test('a restart finds what is published and touches nothing', async () => {
  const { target, stateDir, workshop, source } = await published({ a: '1', 'd/b': '1' });
  const before = [await markOf(join(target, 'a')), await markOf(target), await markOf(join(target, 'd'))];
  await using engine = renameEngineOn({ target, stateDir, workshop }, source);
  await engine.open();
  await engine.look(signal);
  await engine.settle(signal);
  expect(engine.state?.published?.sequence).toBe(1);
  expect([await markOf(join(target, 'a')), await markOf(target), await markOf(join(target, 'd'))]).toEqual(
    before,
  );
});

test('a target whose workshop went with everything else is filled again', async () => {
  const { target, stateDir, engine } = await published({ a: '1', 'd/b': '1' });
  await rm(target, { recursive: true });
  await rm(stateDir, { recursive: true });
  await expect
    .poll(
      async () => {
        await engine.look(signal);
        await engine.settle(signal);
        return treeOf(target).catch(() => ({}));
      },
      { timeout: 20_000, interval: 500 },
    )
    .toEqual({ a: '1', 'd/b': '1' });
});

test('files stay ours when only the workshop is removed', async () => {
  const { target, stateDir, engine, publish } = await published({ a: '1', 'd/b': '1', c: '1' });
  await rm(stateDir, { recursive: true });
  await publish('r2', { a: '2', 'd/b': '1' });
  await expect
    .poll(
      async () => {
        await engine.look(signal).catch(() => undefined);
        return treeOf(target);
      },
      { timeout: 20_000, interval: 500 },
    )
    .toEqual({ a: '2', 'd/b': '1' });
});

test('what is not ours beside the set is never touched', async () => {
  const { target, publish } = await published({ a: '1', 'd/b': '1' });
  await writeFile(join(target, '.reloaded'), 'sentinel');
  await writeFile(join(target, 'd/note'), 'mine');
  const marks = () => Promise.all(['.reloaded', 'd/note'].map((path) => markOf(join(target, path))));
  const before = await marks();
  await publish('r2', { a: '2', 'd/b': '2' });
  await publish('r3', { c: '3' });
  expect(await marks()).toEqual(before);
  expect((await lstat(join(target, 'd'))).isDirectory()).toBe(true);
});

test.each(['is gone', 'is a link now'])(
  'another WHERRY_DIR_MODE passes over a directory of the set that %s',
  async (what) => {
    const volume = await published({ a: '1', 'd/e/b': '1', 'f/c': '1' });
    const elsewhere = await temporaryDirectory();
    await mkdir(join(elsewhere, 'e'), { mode: 0o700 });
    await rm(join(volume.target, 'd'), { recursive: true });
    if (what === 'is a link now') await symlink(elsewhere, join(volume.target, 'd'));
    const parts = { keys: { setKey: 'other', reloadKey: 'reload' } };
    await using engine = renameEngineOn(volume, volume.source, { dirMode: 0o750 }, parts);
    await engine.open();
    await engine.look(signal);
    expect(await modeOf(join(volume.target, 'f'))).toBe('750');
    expect(await modeOf(join(elsewhere, 'e'))).toBe('700');
  },
);
