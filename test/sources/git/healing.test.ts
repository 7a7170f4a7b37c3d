import { randomBytes } from 'node:crypto';
import { cp, mkdir, open, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { failureOf, soon } from '../../support/calls.ts';
import { GitHttpServer } from '../../support/git-http-server.ts';
import { GitRepository } from '../../support/git-repository.ts';
import { gitSource } from '../../support/git-source.ts';
import { filesOf, MemorySink, type TestSource, take } from '../../support/taking.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const files = { 'a.txt': 'one', 'dir/b.txt': 'two', 'dir/c.bin': randomBytes(50_000) };

async function served() {
  const repository = await GitRepository.create();
  const commit = await repository.commit(files);
  const server = await GitHttpServer.start({ root: dirname(repository.path) });
  return { repository, commit, server, address: `${server.url}/repo.git` };
}

/** The only clone below a state directory. */
async function cloneOf({ stateDir }: Pick<TestSource, 'stateDir'>): Promise<string> {
  const names = (await readdir(join(stateDir, 'git'))).filter((name) => /repo-/.test(name));
  expect(names).toHaveLength(1);
  return join(stateDir, 'git', names[0] ?? '');
}

async function packsOf(clone: string, suffix = '.pack'): Promise<string[]> {
  const names = await readdir(join(clone, 'objects', 'pack'));
  return names.filter((name) => name.endsWith(suffix)).map((name) => join(clone, 'objects', 'pack', name));
}

type Damage = (clone: string) => Promise<void>;

const locks = [
  'shallow.lock',
  'config.lock',
  'HEAD.lock',
  'packed-refs.lock',
  'FETCH_HEAD.lock',
  'refs/wherry/current.lock',
  'objects/info/commit-graph.lock',
];

const damages: readonly (readonly [string, Damage])[] = [
  ...locks.map((name): readonly [string, Damage] => [
    `a left-over ${name}`,
    (clone) => writeFile(join(clone, name), ''),
  ]),
  ['a missing HEAD', (clone) => rm(join(clone, 'HEAD'))],
  ['a changed configuration', (clone) => writeFile(join(clone, 'config'), '[core]\n\tsshCommand = evil\n')],
  ['a missing configuration', (clone) => rm(join(clone, 'config'))],
  ['missing refs', (clone) => rm(join(clone, 'refs'), { recursive: true })],
  ['a ref of nonsense', (clone) => writeFile(join(clone, 'refs/wherry/current'), 'nonsense')],
  ['a ref to nothing', (clone) => writeFile(join(clone, 'refs/wherry/current'), `${'12'.repeat(20)}\n`)],
  ['missing objects', (clone) => rm(join(clone, 'objects'), { recursive: true })],
  [
    'missing packs',
    async (clone) => {
      for (const path of await packsOf(clone)) await rm(path);
    },
  ],
  [
    'missing indexes',
    async (clone) => {
      for (const path of await packsOf(clone, '.idx')) await rm(path);
    },
  ],
  [
    'packs that are cut short',
    async (clone) => {
      for (const path of await packsOf(clone)) await truncate(path, 100);
    },
  ],
  [
    'indexes that are cut short',
    async (clone) => {
      for (const path of await packsOf(clone, '.idx')) await truncate(path, 100);
    },
  ],
  [
    'packs with a wrong byte in each part',
    async (clone) => {
      for (const path of await packsOf(clone)) await flipBytes(path);
    },
  ],
  ['a shallow file of nonsense', (clone) => writeFile(join(clone, 'shallow'), 'nonsense\n')],
  [
    'nothing but a file in its place',
    async (clone) => {
      await rm(clone, { recursive: true });
      await writeFile(clone, 'x');
    },
  ],
  ['nothing at all', (clone) => rm(clone, { recursive: true })],
];

async function flipBytes(path: string): Promise<void> {
  await rm(path.replace(/\.pack$/, '.rev'), { force: true });
  const content = Buffer.from(await readFile(path));
  for (let at = 12; at < content.byteLength - 20; at += 37) content[at] = (content[at] ?? 0) ^ 0xff;
  await rm(path);
  await writeFile(path, content);
}

describe.each(damages)('%s', (_, damage) => {
  test('is healed by a new clone, in a running source', async () => {
    const { repository, address } = await served();
    await using git = await gitSource(address);
    const before = await take(git.source);
    await damage(await cloneOf(git));
    expect(await take(git.source)).toEqual(before);
    await repository.commit({ 'new.txt': 'new' });
    expect((await take(git.source)).texts).toEqual({ 'new.txt': 'new' });
    expect(await readdir(join(git.stateDir, 'git'))).toHaveLength(2);
  });

  test('is healed at the next start', async () => {
    const { commit, address } = await served();
    const stateDir = await temporaryDirectory();
    {
      await using git = await gitSource(address, { stateDir });
      await take(git.source);
    }
    await damage(await cloneOf({ stateDir }));
    await using git = await gitSource(address, { stateDir });
    expect((await take(git.source)).snapshot.revision).toBe(commit);
  });

  test('does no harm while the remote is down', async () => {
    const { commit, server, address } = await served();
    await using git = await gitSource(address);
    await take(git.source);
    const clone = await cloneOf(git);
    await damage(clone);
    const left = await readdir(clone).catch(() => undefined);
    server.fault = () => ({ status: 503 });
    expect((await failureOf(git.source.snapshot(soon()))).kind).toBe('unreachable');
    expect(await readdir(clone).catch(() => undefined)).toEqual(left);
    server.fault = () => undefined;
    expect((await take(git.source)).snapshot.revision).toBe(commit);
  });
});

describe('damage that shows while contents are written', () => {
  const large = { ...files, 'large.bin': randomBytes(400_000), 'z.txt': 'last' };

  test('is healed, and each file is written once', async () => {
    const { repository, address } = await served();
    await repository.commit(large);
    await using git = await gitSource(address);
    const { entries } = await git.source.snapshot(soon());
    for (const path of await packsOf(await cloneOf(git))) await rm(path);
    const sink = new MemorySink();
    await git.source.write(filesOf(entries), sink, soon());
    expect(sink.puts.toSorted()).toEqual(Object.keys(large).toSorted());
    expect(sink.files.get('large.bin')?.equals(large['large.bin'])).toBe(true);
  });

  test('is unreachable when the remote has moved on, and healed at the next try', async () => {
    const { repository, address } = await served();
    await using git = await gitSource(address);
    const { entries } = await git.source.snapshot(soon());
    for (const path of await packsOf(await cloneOf(git))) await rm(path);
    await repository.commit({ other: 'x' });
    const failure = await failureOf(git.source.write(filesOf(entries), new MemorySink(), soon()));
    expect(failure.kind).toBe('unreachable');
    expect((await take(git.source)).texts).toEqual({ other: 'x' });
  });

  test('in the middle of a large file is a failure, and healed at the next try', async () => {
    const { repository, address } = await served();
    const commit = await repository.commit(large);
    await using git = await gitSource(address);
    const { entries } = await git.source.snapshot(soon());
    const [pack = ''] = await packsOf(await cloneOf(git));
    // The large content is stored as it is: a byte in its middle changes, and its checksum tells.
    const content = await readFile(pack);
    const at = content.indexOf(large['large.bin'].subarray(200_000, 200_050));
    expect(at).toBeGreaterThan(0);
    await rm(pack);
    content[at] = (content[at] ?? 0) ^ 0xff;
    await writeFile(pack, content);
    const failure = await failureOf(git.source.write(filesOf(entries), new MemorySink(), soon()));
    expect(failure.kind).toBe('unreachable');
    const again = await take(git.source);
    expect(again.snapshot.revision).toBe(commit);
    expect(again.texts['z.txt']).toBe('last');
  });
});

describe('at a start', () => {
  test('half-made clones and those of another repository are removed', async () => {
    const { repository, address } = await served();
    const stateDir = await temporaryDirectory();
    {
      await using git = await gitSource(repository.path, { stateDir });
      await take(git.source);
    }
    const old = await cloneOf({ stateDir });
    const root = join(stateDir, 'git');
    await cp(old, join(root, '.new-repo-0123-4567'), { recursive: true });
    await cp(old, join(root, '.old-repo-0123-4567'), { recursive: true });
    await mkdir(join(root, 'modules', '.new-0123'), { recursive: true });
    await using git = await gitSource(address, { stateDir });
    await take(git.source);
    expect((await readdir(root)).filter((name) => name !== 'config' && name !== 'modules')).toHaveLength(1);
    expect(await cloneOf({ stateDir })).not.toBe(old);
    expect(await readdir(join(root, 'modules'))).toEqual([]);
  });

  test('what a killed git left unfinished is removed without another clone', async () => {
    const { address } = await served();
    await using git = await gitSource(address);
    await take(git.source);
    const clone = await cloneOf(git);
    const unfinished = [join(clone, 'objects/pack/tmp_pack_Ab12'), join(clone, 'objects/tmp_obj_x')];
    for (const path of unfinished) await writeFile(path, 'x');
    await take(git.source);
    expect(await readdir(join(clone, 'objects', 'pack'))).not.toContain('tmp_pack_Ab12');
    expect(git.log.of('warn')).toEqual([]);
  });

  test('a removed state directory is made again', async () => {
    const { commit, address } = await served();
    await using git = await gitSource(address);
    await take(git.source);
    await rm(join(git.stateDir, 'git'), { recursive: true });
    expect(await git.source.probe(commit as never, soon())).toEqual({ kind: 'unchanged' });
    expect((await take(git.source)).snapshot.revision).toBe(commit);
  });
});

test('a state directory that cannot be written is the target’s trouble', async () => {
  const { address } = await served();
  const stateDir = join(await temporaryDirectory(), 'file');
  await (await open(stateDir, 'w')).close();
  await using git = await gitSource(address, { stateDir });
  const failure = await failureOf(git.source.snapshot(soon()));
  expect(failure.kind).toBe('target');
  expect(failure.message).toMatch(/^WHERRY_STATE_DIR: /);
});

describe('over many changes', () => {
  const changes = 120;

  test('the clone’s size stays bounded', { timeout: 120_000 }, async () => {
    const repository = await GitRepository.create();
    await using git = await gitSource(repository.path);
    let commit = await repository.commit({ 'a.bin': randomBytes(20_000) });
    let most = 0;
    for (let change = 0; change < changes; change++) {
      await git.source.snapshot(soon());
      commit = await repository.commit({ 'a.bin': randomBytes(20_000) }, { parents: [commit] });
      if (change % 10 === 0) await git.source.probe((await git.source.snapshot(soon())).revision, soon());
      most = Math.max(most, (await packsOf(await cloneOf(git))).length);
    }
    expect(most).toBeLessThan(70);
    expect(git.log.of('warn')).toEqual([]);
    expect(Object.keys((await take(git.source)).texts)).toEqual(['a.bin']);
  });

  test('a partial clone’s size stays bounded', { timeout: 120_000 }, async () => {
    const repository = await GitRepository.create();
    await using git = await gitSource(repository.path, { settings: { PATH: 'dir' } });
    let most = 0;
    for (let change = 0; change < 60; change++) {
      await repository.commit({ 'dir/a.txt': `${change}`, 'other.bin': randomBytes(1000) });
      const { snapshot, texts } = await take(git.source);
      expect(texts).toEqual({ 'a.txt': `${change}` });
      if (change % 10 === 9) await git.source.probe(snapshot.revision, soon());
      most = Math.max(most, (await packsOf(await cloneOf(git))).length);
    }
    expect(most).toBeLessThan(130);
    // The last probe was idle, and found too much: the next snapshot starts anew.
    await take(git.source);
    expect((await packsOf(await cloneOf(git))).length).toBeLessThan(4);
  });
});
