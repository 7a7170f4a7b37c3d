import { mkdir, readdir, readFile, readlink, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { TargetError } from '../../src/failure/failure.ts';
import { readManifest } from '../../src/publish/manifest.ts';
import { linkShape } from '../../src/publish/shape.ts';
import { SymlinkPublisher } from '../../src/publish/symlink-publisher.ts';
import { engineOn } from '../support/engine-bench.ts';
import { MemorySource } from '../support/memory-source.ts';
import { engineIn, readAll } from '../support/publish-modes.ts';
import { newVolume, renameEngineOn, signal, treeOf } from '../support/rename-bench.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const theirs = '2020_01_01_00_00_00.000000001';

function sourceOf(files: Readonly<Record<string, string>>): MemorySource {
  const source = new MemorySource();
  source.set('r1', files);
  return source;
}

/** A directory outside of the target that looks like one of Wherry's, and the link to it that somebody made. */
async function strange(name: string, generation: string): Promise<{ target: string; elsewhere: string }> {
  const target = await temporaryDirectory();
  const elsewhere = await temporaryDirectory();
  await mkdir(join(elsewhere, generation));
  await writeFile(join(elsewhere, generation, 'a'), 'theirs');
  await mkdir(join(elsewhere, 'next'));
  await symlink(elsewhere, join(target, name));
  return { target, elsewhere };
}

test.each(['symlink', 'rename'] as const)(
  'in %s mode nothing is removed behind a link that has the name of the directory of generations',
  async (mode) => {
    const { target, elsewhere } = await strange('.wherry-generations', theirs);
    await using engine = engineIn(mode, target, sourceOf({ a: '1' }));
    await engine.open();
    await engine.look(signal);
    await engine.settle(signal);
    expect(await readFile(join(target, 'a'), 'utf8')).toBe('1');
    expect(await treeOf(elsewhere)).toEqual({ [`${theirs}/a`]: 'theirs', 'next/': '' });
  },
);

test('in link mode no generation is made behind a link that came in the place of their directory', async () => {
  const target = await temporaryDirectory();
  const elsewhere = await temporaryDirectory();
  const options = { fileMode: 0o644, dirMode: 0o755, fsync: false, maxBytes: 1024 ** 3, retain: 0 };
  const places = { target, stateDir: join(target, '..wherry') };
  const publisher = new SymlinkPublisher({ ...options, ...places }, linkShape('current'));
  await symlink(elsewhere, join(target, '.wherry-generations'));
  await expect(publisher.newStage()).rejects.toThrow(TargetError);
  expect(await readdir(elsewhere)).toEqual([]);
});

test('a link in the place of a generation is none, and leads to nothing that is touched', async () => {
  const { target, elsewhere } = await strange(`..${theirs}`, 'x');
  const manifest = { version: 1, revision: 'r', digest: 'd', sequence: 1, files: [] };
  await writeFile(join(elsewhere, '.wherry.json'), JSON.stringify(manifest));
  await symlink(`..${theirs}`, join(target, '..data'));
  const { mtimeMs } = await stat(join(elsewhere, '.wherry.json'));
  await using engine = engineOn(target, sourceOf({ a: '1' }));
  await engine.open();
  await engine.look(signal);
  await engine.settle(signal);
  expect(await readFile(join(target, 'a'), 'utf8')).toBe('1');
  expect((await stat(join(elsewhere, '.wherry.json'))).mtimeMs).toBe(mtimeMs);
});

test('a workshop behind a link is nobody of ours', async () => {
  const { target, elsewhere } = await strange('..generations', `..${theirs}`);
  await symlink(`..${theirs}`, join(elsewhere, 'current'));
  await using engine = engineIn('rename', target, sourceOf({ a: '1' }));
  await engine.open();
  await engine.look(signal);
  await engine.settle(signal);
  expect(await readFile(join(target, 'a'), 'utf8')).toBe('1');
  expect(await readFile(join(elsewhere, `..${theirs}`, 'a'), 'utf8')).toBe('theirs');
});

test.each(['../../etc/x', '/etc/x', 'a/../../x', '..data/x', 7])(
  'a manifest that names %j is none',
  async (path) => {
    const directory = await temporaryDirectory();
    const manifest = { version: 1, revision: 'r', digest: 'd', sequence: 1, files: [{ path }] };
    await writeFile(join(directory, '.wherry.json'), JSON.stringify(manifest));
    expect(await readManifest(directory)).toBeUndefined();
  },
);

test('the state of another target makes no ConfigMap volume ours', async () => {
  const first = await newVolume();
  const source = sourceOf({ a: '1' });
  {
    await using engine = engineOn(first.target, source, {}, { stateDir: first.stateDir });
    await engine.open();
    await engine.look(signal);
  }
  const target = await temporaryDirectory();
  await mkdir(join(target, `..${theirs}`));
  await writeFile(join(target, `..${theirs}`, 'a'), 'theirs');
  await symlink(`..${theirs}`, join(target, '..data'));
  await symlink('..data/a', join(target, 'a'));
  await using engine = engineOn(target, source, {}, { stateDir: first.stateDir });
  await expect(engine.open()).rejects.toThrow('was not made by Wherry');
  expect(await readlink(join(target, '..data'))).toBe(`..${theirs}`);
});

test.each(['rename', 'symlink'] as const)(
  'what was published in another target makes no file ours in %s mode, and it is still ours there',
  async (mode) => {
    const first = await newVolume();
    const source = sourceOf({ a: '1', b: '1' });
    {
      await using engine = renameEngineOn(first, source);
      await engine.open();
      await engine.look(signal);
    }
    const second = { ...first, target: join(first.target, '../second') };
    await mkdir(second.target);
    await writeFile(join(second.target, 'a'), 'theirs');
    {
      const { target, stateDir } = second;
      await using engine =
        mode === 'rename' ? renameEngineOn(second, source) : engineOn(target, source, {}, { stateDir });
      await engine.open();
      await expect(engine.look(signal)).rejects.toThrow('second/a is in the way');
      expect(await readFile(join(target, 'a'), 'utf8')).toBe('theirs');
    }
    source.set('r2', { a: '2' });
    await using engine = renameEngineOn(first, source);
    await engine.open();
    await engine.look(signal);
    expect(await readAll(first.target)).toEqual({ a: '2' });
  },
);
