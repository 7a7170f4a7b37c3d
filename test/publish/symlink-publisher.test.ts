import { spawnSync } from 'node:child_process';
import {
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  realpath,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { TargetError, UnreachableError } from '../../src/failure/failure.ts';
import { engineOn, generationNames, modeOf, readSet, visibleNames } from '../support/engine-bench.ts';
import { passTime } from '../support/layers-bench.ts';
import { MemorySource } from '../support/memory-source.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const signal = new AbortController().signal;

async function published(files: Record<string, string>, retain = 60_000) {
  const target = await temporaryDirectory();
  const source = new MemorySource();
  source.set('r1', files);
  const engine = engineOn(target, source, {}, { retain });
  await engine.open();
  await engine.look(signal);
  return { target, source, engine };
}

test('a set appears as a complete generation behind ..data and one relative link per top-level name', async () => {
  const { target } = await published({ 'app.yaml': 'a', 'conf.d/x.conf': 'x', 'run.sh': 's' });
  const generation = await readlink(join(target, '..data'));
  expect(generation).toMatch(/^\.\.\d{4}_\d\d_\d\d_\d\d_\d\d_\d\d\.\d{9}$/);
  expect(await readlink(join(target, 'app.yaml'))).toBe('..data/app.yaml');
  expect(await readlink(join(target, 'conf.d'))).toBe('..data/conf.d');
  expect(await visibleNames(target)).toEqual(['app.yaml', 'conf.d', 'run.sh']);
  expect(await readFile(join(target, 'conf.d/x.conf'), 'utf8')).toBe('x');
  expect(await modeOf(join(target, generation, 'app.yaml'))).toBe('644');
  expect(await modeOf(join(target, generation, 'run.sh'))).toBe('755');
  expect(await modeOf(join(target, '..wherry'))).toBe('700');
});

test('each generation holds a manifest with every path, size and SHA-256', async () => {
  const { target } = await published({ 'a.txt': 'hello' });
  const manifest = JSON.parse(await readFile(join(target, '..data/.wherry.json'), 'utf8'));
  expect(manifest).toMatchObject({ version: 1, source: 'memory', revision: 'r1', sequence: 1 });
  expect(manifest.files).toEqual([
    expect.objectContaining({
      path: 'a.txt',
      size: 5,
      sha256: '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824',
      mode: '0644',
    }),
  ]);
});

test('a change fetches only what changed, and removes the links of what is gone', async () => {
  const { target, source, engine } = await published({ a: '1', b: '2', 'c/d': '3' });
  source.set('r2', { a: '1', b: 'two', e: '5' });
  source.written.length = 0;
  await engine.look(signal);
  expect(source.written).toEqual(['b', 'e']);
  expect(await readSet(target)).toEqual({ a: '1', b: 'two', e: '5' });
  expect(await visibleNames(target)).toEqual(['a', 'b', 'e']);
});

test('a file that something else edited is not carried over', async () => {
  const { target, source, engine } = await published({ a: '1', b: '2' });
  await writeFile(join(target, 'a'), 'X');
  source.set('r2', { a: '1', b: 'two' });
  await engine.look(signal);
  expect(await readSet(target)).toEqual({ a: '1', b: 'two' });
});

test.each([
  ['a pipe', async (path: string) => void spawnSync('mkfifo', [path])],
  ['a link', (path: string) => symlink('b', path)],
  ['a directory', (path: string) => mkdir(path)],
  ['a file of another size', (path: string) => writeFile(path, '12')],
  ['nothing', async () => undefined],
])('%s in the place of a published file is not carried over, and nobody waits for it', async (_, put) => {
  const { target, source, engine } = await published({ a: '1', b: '2' });
  await rm(join(target, '..data/a'));
  await put(join(target, '..data/a'));
  source.set('r2', { a: '1', b: 'two' });
  source.written.length = 0;
  await engine.look(signal);
  expect(source.written).toEqual(['a', 'b']);
  expect(await readSet(target)).toEqual({ a: '1', b: 'two' });
});

test('a file that is as it was published is carried over, whatever its times say', async () => {
  const { target, source, engine } = await published({ a: '1', b: '2' });
  await utimes(join(target, 'a'), 1, 1);
  source.set('r2', { a: '1', b: 'two' });
  source.written.length = 0;
  await engine.look(signal);
  expect(source.written).toEqual(['b']);
});

test('thousands of files appear as few do', async () => {
  const files = Object.fromEntries(
    Array.from({ length: 1000 }, (_, index) => [`part-${index % 7}/${index}.yaml`, `v: ${index}`]),
  );
  const { target, source, engine } = await published(files);
  expect(await readSet(target)).toEqual(files);
  const changed = { ...files, 'part-0/0.yaml': 'v: x' };
  source.set('r2', changed);
  await engine.look(signal);
  expect(await readSet(target)).toEqual(changed);
});

test('no inode is shared between two generations', async () => {
  const { target, source, engine } = await published({ a: '1', b: '2' });
  const before = (await stat(join(target, 'a'))).ino;
  source.set('r2', { a: '1', b: 'two' });
  await engine.look(signal);
  expect((await stat(join(target, 'a'))).ino).not.toBe(before);
});

test('equal bytes under a new revision publish nothing', async () => {
  const { target, source, engine } = await published({ a: '1' });
  const generation = await readlink(join(target, '..data'));
  source.set('r2', { a: '1' });
  await engine.look(signal);
  expect(await readlink(join(target, '..data'))).toBe(generation);
  expect(engine.state?.seen?.revision).toBe('r2');
  expect(engine.state?.lastSync?.result).toBe('equal');
});

test('the replaced generation’s files get new timestamps after the swap', async () => {
  const { target, source, engine } = await published({ a: '1' });
  const old = join(target, await readlink(join(target, '..data')));
  await utimes(join(old, 'a'), 1, 1);
  source.set('r2', { a: '2' });
  await engine.look(signal);
  expect((await lstat(join(old, 'a'))).mtimeMs).toBeGreaterThan(1e12);
});

test('a restart touches no generation whose readers were woken when it was replaced', async () => {
  const { target, source, engine } = await published({ a: '0' });
  for (const revision of ['r2', 'r3', 'r4']) {
    source.set(revision, { a: revision });
    await engine.look(signal);
    await engine.settle(signal);
  }
  const times = async () => {
    const names = await generationNames(target);
    return Promise.all(names.map(async (name) => (await lstat(join(target, name))).ctimeMs));
  };
  const before = await times();
  expect(before).toHaveLength(4);
  const again = engineOn(target, source, {}, { retain: 60_000 });
  await again.open();
  await again.settle(signal);
  expect(await times()).toEqual(before);
});

test('the replaced generation stays for WHERRY_RETAIN and goes after it, unless a rollback needs it', async () => {
  const { target, source, engine } = await published({ a: '1' }, 200);
  source.set('r2', { a: '2' });
  await engine.look(signal);
  await engine.settle(signal);
  expect(await generationNames(target)).toHaveLength(2);
  await expect
    .poll(async () => {
      await engine.settle(signal);
      return (await generationNames(target)).length;
    })
    .toBe(1);
  expect(await readSet(target)).toEqual({ a: '2' });
});

test('no more generations stay than a reader or a rollback needs', async () => {
  const { target, source, engine } = await published({ a: '0' }, 0);
  for (let index = 1; index < 5; index += 1) {
    source.set(`r${index + 1}`, { a: String(index) });
    await engine.look(signal);
    await engine.settle(signal);
    expect(await generationNames(target)).toHaveLength(1);
  }
});

test('what a killed run left is cleared at start: its stage, its temporary link', async () => {
  const { target, source } = await published({ a: '1' });
  const orphan = join(target, '..2026_01_01_00_00_00.000000001');
  await mkdir(orphan);
  await writeFile(join(orphan, 'half'), '');
  await symlink('..2026_01_01_00_00_00.000000001', join(target, '..data_tmp'));
  const again = engineOn(target, source);
  await again.open();
  await again.settle(signal);
  expect(await readdir(target)).not.toContain('..data_tmp');
  expect(await generationNames(target)).toHaveLength(1);
});

test('links are put right even when nothing changed', async () => {
  const { target, source } = await published({ a: '1', b: '2' });
  await rm(join(target, 'a'));
  await symlink('..data/gone', join(target, 'gone'));
  const engine = engineOn(target, source);
  await engine.open();
  await engine.look(signal);
  expect(await visibleNames(target)).toEqual(['a', 'b']);
});

test('a target that was wiped is published anew', async () => {
  const { target, source, engine } = await published({ a: '1' });
  for (const name of await readdir(target)) await rm(join(target, name), { recursive: true });
  const again = engineOn(target, source);
  await again.open();
  await again.look(signal);
  expect(await readSet(target)).toEqual({ a: '1' });
  await engine[Symbol.asyncDispose]();
});

test('foreign files stay untouched', async () => {
  const target = await temporaryDirectory();
  await mkdir(join(target, 'lost+found'));
  await writeFile(join(target, 'mine'), 'x');
  await symlink('somewhere', join(target, 'link'));
  const source = new MemorySource();
  source.set('r1', { a: '1' });
  const engine = engineOn(target, source);
  await engine.open();
  await engine.look(signal);
  source.set('r2', { b: '1' });
  await engine.look(signal);
  expect(await visibleNames(target)).toEqual(['b', 'link', 'lost+found', 'mine']);
});

test.each(['a regular file', 'a link to elsewhere'])(
  'a published name that %s holds is refused',
  async (kind) => {
    const target = await temporaryDirectory();
    if (kind === 'a regular file') await writeFile(join(target, 'a'), 'mine');
    else await symlink('/etc/hostname', join(target, 'a'));
    const source = new MemorySource();
    source.set('r1', { a: '1', b: '2' });
    const engine = engineOn(target, source);
    await engine.open();
    await expect(engine.look(signal)).rejects.toThrow(TargetError);
    await expect(engine.look(signal)).rejects.toThrow(`WHERRY_TARGET: ${join(target, 'a')} is in the way`);
    expect(await generationNames(target)).toEqual([]);
    expect(await readSet(target)).toBeUndefined();
  },
);

test('a file that took the place of a visible link stays where drift is ignored, until the next publish', async () => {
  const { target, source, engine } = await published({ a: '1', b: '1' });
  await rm(join(target, 'a'));
  await writeFile(join(target, 'a'), 'edited');
  await rm(join(target, 'b'));
  passTime(10_000);
  await engine.look(signal);
  expect(await readFile(join(target, 'a'), 'utf8')).toBe('edited');
  expect(await readlink(join(target, 'b'))).toBe('..data/b');
  source.set('r2', { a: '2', b: '1' });
  await engine.look(signal);
  expect(await readlink(join(target, 'a'))).toBe('..data/a');
  expect(await readFile(join(target, 'a'), 'utf8')).toBe('2');
});

test('foreign files in the place of a visible link are refused, and stay', async () => {
  const { target, source, engine } = await published({ 'conf.d/a': '1' });
  await rm(join(target, 'conf.d'));
  await mkdir(join(target, 'conf.d'));
  await writeFile(join(target, 'conf.d/mine'), 'mine');
  source.set('r2', { 'conf.d/a': '2' });
  await expect(engine.look(signal)).rejects.toThrow(`${join(target, 'conf.d')} is in the way`);
  expect(await readFile(join(target, 'conf.d/mine'), 'utf8')).toBe('mine');
});

test('a ..data that somebody else made is left alone', async () => {
  const target = await temporaryDirectory();
  await mkdir(join(target, '..2026_01_01_00_00_00.000000001'));
  await symlink('..2026_01_01_00_00_00.000000001', join(target, '..data'));
  await expect(engineOn(target, new MemorySource()).open()).rejects.toThrow('was not made by Wherry');
  expect(await generationNames(target)).toHaveLength(1);
});

test('a set over WHERRY_MAX_BYTES is refused while it is written, and leaves nothing', async () => {
  const target = await temporaryDirectory();
  const source = new MemorySource();
  const engine = engineOn(target, source, {}, { maxBytes: 100 });
  await engine.open();
  source.set('r1', { a: 'x'.repeat(60) });
  await engine.look(signal);
  source.set('r2', { a: 'x'.repeat(60), b: 'x'.repeat(41) });
  await engine.look(signal);
  expect(engine.state?.quarantine?.at(-1)?.reason).toContain('WHERRY_MAX_BYTES: the set is larger than 100B');
  expect(await readSet(target)).toEqual({ a: 'x'.repeat(60) });
  expect(await generationNames(target)).toHaveLength(1);
});

test('symbolic links of the source are kept as they are', async () => {
  const { target, source, engine } = await published({ 'x/a': '1' });
  source.links = { b: 'x/a', 'x/c': '../b' };
  source.set('r2', { 'x/a': '1' });
  await engine.look(signal);
  expect(await readSet(target)).toEqual({ 'x/a': '1', b: '-> x/a', 'x/c': '-> ../b' });
  expect(await readFile(join(target, 'x/c'), 'utf8')).toBe('1');
});

test('a replaced generation stays for its time, though its manifest is lost meanwhile', async () => {
  const { target, source, engine } = await published({ a: '1' });
  const first = await readlink(join(target, '..data'));
  source.set('r2', { a: '2' });
  await engine.look(signal);
  await engine.settle(signal);
  await rm(join(target, first, '.wherry.json'));
  source.set('r3', { a: '3' });
  await engine.look(signal);
  await engine.settle(signal);
  expect(await readFile(join(target, first, 'a'), 'utf8')).toBe('1');
});

test('a replaced generation stays for its time, though the published one is lost meanwhile', async () => {
  const { target, source, engine } = await published({ a: '1' });
  const first = await readlink(join(target, '..data'));
  source.set('r2', { a: '2' });
  await engine.look(signal);
  source.set('r3', { a: '3' });
  await engine.look(signal);
  await engine[Symbol.asyncDispose]();
  await rm(await realpath(join(target, '..data')), { recursive: true });
  source.failure = new UnreachableError({ problem: 'down' });
  const again = engineOn(target, source, {}, { retain: 60_000 });
  await again.open();
  await again.settle(signal);
  await again.look(signal).catch(() => undefined);
  await again.settle(signal);
  expect(await readFile(join(target, first, 'a'), 'utf8')).toBe('1');
});
