import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { failureOf, soon } from '../../support/calls.ts';
import { basic, GitHttpServer } from '../../support/git-http-server.ts';
import { GitRepository } from '../../support/git-repository.ts';
import { gitSource } from '../../support/git-source.ts';
import { filesOf, MemorySink, take } from '../../support/taking.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

function gitmodules(modules: Readonly<Record<string, string>>): string {
  return Object.entries(modules)
    .map(([path, url]) => `[submodule "${path}"]\n\tpath = ${path}\n\turl = ${url}\n`)
    .join('');
}

/** main holds `vendor/lib` → lib.git, which holds `deep` → deep.git. */
async function family(urls: { readonly lib?: string; readonly deep?: string } = {}) {
  const parent = await temporaryDirectory();
  const [main, lib, deep] = await Promise.all(
    ['main.git', 'lib.git', 'deep.git'].map((name) => GitRepository.create({ parent, name })),
  );
  if (main === undefined || lib === undefined || deep === undefined) throw new Error('no family');
  const deepCommit = await deep.commit({ 'deep.txt': 'deep', 'run.sh': { executable: '#!/bin/sh\n' } });
  const libCommit = await lib.commit({
    '.gitmodules': gitmodules({ deep: urls.deep ?? '../deep.git' }),
    'lib.txt': 'lib',
    link: { link: 'lib.txt' },
    deep: { gitlink: deepCommit },
  });
  const files = {
    '.gitmodules': gitmodules({ 'vendor/lib': urls.lib ?? '../lib.git' }),
    'main.txt': 'main',
    'vendor/lib': { gitlink: libCommit },
  };
  const mainCommit = await main.commit(files);
  return { parent, main, lib, deep, mainCommit, libCommit, deepCommit, files };
}

const shallowPaths = [
  '.gitmodules',
  'main.txt',
  'vendor/lib/.gitmodules',
  'vendor/lib/lib.txt',
  'vendor/lib/link',
];
const allPaths = [...shallowPaths, 'vendor/lib/deep/deep.txt', 'vendor/lib/deep/run.sh'];

describe('submodules', () => {
  test('are left out unless asked for, with one warning', async () => {
    const { main } = await family();
    await using git = await gitSource(main.path);
    expect(Object.keys((await take(git.source)).texts).toSorted()).toEqual(['.gitmodules', 'main.txt']);
    await take(git.source);
    expect(git.log.of('warn')).toEqual([
      {
        level: 'warn',
        fields: { paths: ['vendor/lib'], setting: 'WHERRY_GIT_SUBMODULES' },
        message: 'these submodules are not taken',
      },
    ]);
  });

  test('of the repository itself are taken by shallow', async () => {
    const { main } = await family();
    await using git = await gitSource(main.path, { settings: { SUBMODULES: 'shallow' } });
    const { texts } = await take(git.source);
    expect(Object.keys(texts).toSorted()).toEqual(shallowPaths.toSorted());
    expect(texts['vendor/lib/link']).toBe('-> lib.txt');
  });

  test('in submodules are taken by recursive', async () => {
    const { main, mainCommit } = await family();
    await using git = await gitSource(main.path, { settings: { SUBMODULES: 'recursive' } });
    const { snapshot, texts } = await take(git.source);
    expect(snapshot.revision).toBe(mainCommit);
    expect(Object.keys(texts).toSorted()).toEqual(allPaths.toSorted());
    expect(texts['vendor/lib/deep/deep.txt']).toBe('deep');
    expect(filesOf(snapshot.entries).find(({ path }) => path.endsWith('run.sh'))?.executable).toBe(true);
  });

  test('move with the commit that names them, and are removed with it', async () => {
    const { main, lib, libCommit, files } = await family();
    await using git = await gitSource(main.path, { settings: { SUBMODULES: 'shallow' } });
    await take(git.source);
    const next = await lib.commit({ 'lib.txt': 'newer' }, { parents: [libCommit] });
    await main.commit({ ...files, 'vendor/lib': { gitlink: next } });
    expect((await take(git.source)).texts['vendor/lib/lib.txt']).toBe('newer');
    await main.commit({ 'main.txt': 'alone' });
    expect((await take(git.source)).texts).toEqual({ 'main.txt': 'alone' });
    expect(await readdir(join(git.stateDir, 'git', 'modules'))).toEqual([]);
  });

  test('are fetched once for a commit', async () => {
    const { parent, main, files } = await family();
    const server = await GitHttpServer.start({ root: parent });
    await using git = await gitSource(`${server.url}/main.git`, { settings: { SUBMODULES: 'recursive' } });
    expect(Object.keys((await take(git.source)).texts).toSorted()).toEqual(allPaths.toSorted());
    await main.commit({ ...files, 'main.txt': 'changed' });
    server.requests.length = 0;
    expect((await take(git.source)).texts['main.txt']).toBe('changed');
    expect(server.requests.filter(({ path }) => !path.startsWith('/main.git'))).toEqual([]);
  });

  test('come from a server that gives no commits by name', async () => {
    const { parent, lib, libCommit } = await family();
    await lib.commit({ 'lib.txt': 'newer' }, { parents: [libCommit] });
    const server = await GitHttpServer.start({ root: parent, oldProtocol: true });
    await using git = await gitSource(`${server.url}/main.git`, { settings: { SUBMODULES: 'shallow' } });
    expect((await take(git.source)).texts['vendor/lib/lib.txt']).toBe('lib');
  });

  test('can be the part that is taken', async () => {
    const { main } = await family();
    for (const [path, expected] of [
      ['vendor/lib/deep', ['deep.txt', 'run.sh']],
      ['vendor/lib/deep/deep.txt', ['deep.txt']],
    ] as const) {
      await using git = await gitSource(main.path, { settings: { SUBMODULES: 'recursive', PATH: path } });
      expect(Object.keys((await take(git.source)).texts).toSorted()).toEqual(expected);
    }
    await using off = await gitSource(main.path, { settings: { PATH: 'vendor/lib' } });
    const failure = await failureOf(off.source.snapshot(soon()));
    expect(failure.kind).toBe('missing');
    expect(failure.message).toMatch(/^WHERRY_GIT_PATH: .*submodule/);
  });

  test('below the part that is taken keep their place', async () => {
    const { main } = await family();
    const settings = { SUBMODULES: 'shallow', PATH: 'vendor', WHERRY_INCLUDE: '**/*.txt' };
    await using git = await gitSource(main.path, { settings });
    expect(Object.keys((await take(git.source)).texts)).toEqual(['lib/lib.txt']);
  });

  test('that are excluded are not fetched', async () => {
    const { main, lib } = await family();
    await rm(lib.path, { recursive: true });
    const settings = { SUBMODULES: 'recursive', WHERRY_EXCLUDE: 'vendor/**' };
    await using git = await gitSource(main.path, { settings });
    expect(Object.keys((await take(git.source)).texts).toSorted()).toEqual(['.gitmodules', 'main.txt']);
  });

  test('are healed like the repository itself', async () => {
    const { main } = await family();
    await using git = await gitSource(main.path, { settings: { SUBMODULES: 'shallow' } });
    const { entries } = await git.source.snapshot(soon());
    const modules = join(git.stateDir, 'git', 'modules');
    for (const name of await readdir(modules)) await rm(join(modules, name, 'objects'), { recursive: true });
    const sink = new MemorySink();
    await git.source.write(filesOf(entries), sink, soon());
    expect(sink.files.get('vendor/lib/lib.txt')?.toString()).toBe('lib');
    for (const name of await readdir(modules)) await rm(join(modules, name, 'objects'), { recursive: true });
    expect((await take(git.source)).texts['vendor/lib/lib.txt']).toBe('lib');
  });

  test('whose commit is not there are missing', async () => {
    const { main, files } = await family();
    await main.commit({ ...files, 'vendor/lib': { gitlink: '12'.repeat(20) } });
    await using git = await gitSource(main.path, { settings: { SUBMODULES: 'shallow' } });
    const failure = await failureOf(git.source.snapshot(soon()));
    expect(failure.kind).toBe('missing');
    expect(failure.message).toMatch(
      /^WHERRY_GIT_SUBMODULES: the commit (12){20} of the submodule "vendor\/lib"/,
    );
  });

  test('whose repository is not there are missing', async () => {
    const { main, lib } = await family();
    await rm(lib.path, { recursive: true });
    await using git = await gitSource(main.path, { settings: { SUBMODULES: 'shallow' } });
    const failure = await failureOf(git.source.snapshot(soon()));
    expect(failure.kind).toBe('missing');
    expect(failure.message).toContain('lib.git');
  });

  test('that .gitmodules does not describe refuse the set', async () => {
    const { main, libCommit } = await family();
    await main.commit({ 'vendor/lib': { gitlink: libCommit } });
    await using git = await gitSource(main.path, { settings: { SUBMODULES: 'shallow' } });
    const failure = await failureOf(git.source.snapshot(soon()));
    expect(failure.kind).toBe('refused');
  });

  test('that a remote repository seeks on this machine refuse the set', async () => {
    const parent = await temporaryDirectory();
    for (const url of [
      parent,
      `file://${parent}`,
      'ext::sh -c id',
      '--upload-pack=evil',
      '-x',
      'git://host/x',
    ]) {
      const directory = await temporaryDirectory();
      const main = await GitRepository.create({ parent: directory });
      await main.commit({ '.gitmodules': gitmodules({ sub: url }), sub: { gitlink: '12'.repeat(20) } });
      const server = await GitHttpServer.start({ root: directory });
      await using git = await gitSource(`${server.url}/repo.git`, { settings: { SUBMODULES: 'shallow' } });
      expect((await failureOf(git.source.snapshot(soon()))).kind, url).toBe('refused');
    }
  });

  test('of the same server get the credentials, others do not', async () => {
    const authorization = basic('me', 'secret');
    const elsewhere = await temporaryDirectory();
    const deep = await GitRepository.create({ parent: elsewhere, name: 'deep.git' });
    const deepCommit = await deep.commit({ 'deep.txt': 'deep' });
    const other = await GitHttpServer.start({ root: elsewhere });
    const { parent, main, files, lib } = await family({ deep: `${other.url}/deep.git` });
    const libCommit = await lib.commit({
      '.gitmodules': gitmodules({ deep: `${other.url}/deep.git` }),
      deep: { gitlink: deepCommit },
      'lib.txt': 'lib',
    });
    await main.commit({ ...files, 'vendor/lib': { gitlink: libCommit } });
    const server = await GitHttpServer.start({ root: parent, authorization });
    const settings = { SUBMODULES: 'recursive', USERNAME: 'me', PASSWORD: 'secret' };
    await using git = await gitSource(`${server.url}/main.git`, { settings });
    expect((await take(git.source)).texts['vendor/lib/deep/deep.txt']).toBe('deep');
    expect(other.requests.length).toBeGreaterThan(0);
    expect(other.requests.filter(({ headers }) => headers.authorization !== undefined)).toEqual([]);
    other.authorization = 'Basic other';
    await rm(join(git.stateDir, 'git', 'modules'), { recursive: true });
    const failure = await failureOf(git.source.snapshot(soon()));
    expect(failure.kind).toBe('denied');
    expect(failure.message).toMatch(/wants credentials/);
  });

  test('of one repository at two commits stand side by side', async () => {
    const parent = await temporaryDirectory();
    const lib = await GitRepository.create({ parent, name: 'lib.git' });
    const one = await lib.commit({ v: '1' });
    const two = await lib.commit({ v: '2' }, { parents: [one] });
    const main = await GitRepository.create({ parent, name: 'main.git' });
    await main.commit({
      '.gitmodules': gitmodules({ one: '../lib.git', two: '../lib.git' }),
      one: { gitlink: one },
      two: { gitlink: two },
    });
    await using git = await gitSource(main.path, { settings: { SUBMODULES: 'shallow' } });
    const { texts } = await take(git.source);
    expect([texts['one/v'], texts['two/v']]).toEqual(['1', '2']);
  });

  test('that hold themselves are given up', async () => {
    const parent = await temporaryDirectory();
    const loop = await GitRepository.create({ parent, name: 'loop.git' });
    const inner = await loop.commit({ x: 'x' });
    let commit = inner;
    for (let depth = 0; depth < 20; depth++) {
      commit = await loop.commit({ '.gitmodules': gitmodules({ s: '../loop.git' }), s: { gitlink: commit } });
      await loop.updateRef(`refs/heads/keep-${depth}`, commit);
    }
    await using git = await gitSource(loop.path, { settings: { SUBMODULES: 'recursive' } });
    expect((await failureOf(git.source.snapshot(soon()))).kind).toBe('refused');
  });
});
