import { execFile } from 'node:child_process';
import { chown, mkdir, readdir, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { failureOf, soon } from '../../support/calls.ts';
import { GitRepository, plainGit } from '../../support/git-repository.ts';
import { gitSource } from '../../support/git-source.ts';
import { take } from '../../support/taking.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const exec = promisify(execFile);

/** A repository with a work tree, as people have it. */
async function workTree(): Promise<{ path: string; git: (...args: string[]) => Promise<string> }> {
  const path = await temporaryDirectory();
  const git = async (...args: string[]) => {
    const { stdout } = await exec('git', args, { cwd: path, env: plainGit });
    return stdout.trim();
  };
  await git('init', '-q', '-b', 'main', '.');
  return { path, git };
}

async function commitFile(tree: Awaited<ReturnType<typeof workTree>>, text: string): Promise<string> {
  await writeFile(join(tree.path, 'a.txt'), text);
  await tree.git('add', '-A');
  await tree.git('commit', '-q', '-m', text);
  return tree.git('rev-parse', 'HEAD');
}

/** How many processes git starts below a directory that is first on the path. */
async function countingGit(): Promise<{ env: NodeJS.ProcessEnv; calls: () => Promise<string[]> }> {
  const directory = await temporaryDirectory();
  const calls = join(directory, 'calls');
  await mkdir(calls);
  const { stdout } = await exec('sh', ['-c', 'command -v git']);
  const script = `#!/bin/sh\n: > "${calls}/$$-$1"\nexec ${stdout.trim()} "$@"\n`;
  await writeFile(join(directory, 'git'), script, { mode: 0o755 });
  return { env: { PATH: `${directory}:${process.env['PATH']}` }, calls: () => readdir(calls) };
}

describe('a repository on this machine', () => {
  test('with a work tree is taken from its commits, not from its files', async () => {
    const tree = await workTree();
    const commit = await commitFile(tree, 'committed');
    await writeFile(join(tree.path, 'a.txt'), 'edited');
    for (const address of [tree.path, `${tree.path}/`, `file://${tree.path}`, join(tree.path, '.git')]) {
      await using git = await gitSource(address);
      const { snapshot, texts } = await take(git.source);
      expect(snapshot.revision).toBe(commit);
      expect(texts).toEqual({ 'a.txt': 'committed' });
      expect(await git.source.probe(commit as never, soon())).toEqual({ kind: 'unchanged' });
    }
  });

  test('may be a linked work tree, whose HEAD is its own', async () => {
    const tree = await workTree();
    const main = await commitFile(tree, 'main');
    const linked = join(await temporaryDirectory(), 'linked');
    await tree.git('worktree', 'add', '-q', '-b', 'side', linked);
    const side = await commitFile({ ...tree, path: linked, git: gitIn(linked) }, 'side');
    await using git = await gitSource(linked);
    expect((await take(git.source)).snapshot.revision).toBe(side);
    expect(await git.source.probe(side as never, soon())).toEqual({ kind: 'unchanged' });
    await using other = await gitSource(linked, { settings: { REF: 'main' } });
    expect(await other.source.probe(undefined, soon())).toEqual({ kind: 'moved', revision: main });
  });

  test('may have a detached HEAD', async () => {
    const tree = await workTree();
    const first = await commitFile(tree, 'one');
    await commitFile(tree, 'two');
    await tree.git('checkout', '-q', '--detach', first);
    await using git = await gitSource(tree.path);
    expect(await git.source.probe(undefined, soon())).toEqual({ kind: 'moved', revision: first });
    expect((await take(git.source)).texts).toEqual({ 'a.txt': 'one' });
  });

  test('may have a path with odd characters', async () => {
    const parent = join(await temporaryDirectory(), 'a b%20c#d?é');
    await mkdir(parent);
    const repository = await GitRepository.create({ parent });
    const commit = await repository.commit({ a: 'A' });
    await using git = await gitSource(repository.path);
    expect((await take(git.source)).snapshot.revision).toBe(commit);
    expect(await git.source.probe(commit as never, soon())).toEqual({ kind: 'unchanged' });
  });

  test('is polled without a process, packed or not', async () => {
    const repository = await GitRepository.create();
    const commit = await repository.commit({ a: 'A' });
    const { env, calls } = await countingGit();
    await using git = await gitSource(repository.path, { env });
    for (let poll = 0; poll < 3; poll++) {
      expect(await git.source.probe(commit as never, soon())).toEqual({ kind: 'unchanged' });
      await repository.git('pack-refs', '--all');
    }
    expect(await calls()).toEqual([]);
  });

  test('is seen to move when packed refs are written anew with the time that they had', async () => {
    const repository = await GitRepository.create();
    const first = await repository.commit({ a: 'A' });
    const second = await repository.commit({ a: 'B' });
    await repository.git('pack-refs', '--all');
    const packed = join(repository.path, 'packed-refs');
    const time = new Date('2026-01-01');
    await utimes(packed, time, time);
    await using git = await gitSource(repository.path);
    expect(await git.source.probe(second as never, soon())).toEqual({ kind: 'unchanged' });
    await writeFile(packed, (await readFile(packed, 'utf8')).replaceAll(second, first));
    await utimes(packed, time, time);
    expect(await git.source.probe(second as never, soon())).toEqual({ kind: 'moved', revision: first });
  });

  test('starts one process for a tag that was not seen before', async () => {
    const repository = await GitRepository.create();
    const commit = await repository.commit({ a: 'A' });
    await repository.tag('v1', commit);
    const { env, calls } = await countingGit();
    await using git = await gitSource(repository.path, { env, settings: { REF: 'v1' } });
    for (let poll = 0; poll < 3; poll++) {
      expect(await git.source.probe(commit as never, soon())).toEqual({ kind: 'unchanged' });
    }
    const told = (await calls()).filter((name) => name.endsWith('-ls-remote'));
    expect(told).toHaveLength(1);
  });

  test.skipIf(process.getuid?.() !== 0)('may belong to another user', async () => {
    const repository = await GitRepository.create();
    const commit = await repository.commit({ a: 'A' });
    await repository.tag('v1', commit);
    await chown(repository.path, 12_345, 12_345);
    for (const name of await readdir(repository.path, { recursive: true })) {
      await chown(join(repository.path, name), 12_345, 12_345);
    }
    for (const ref of ['main', 'v1']) {
      await using git = await gitSource(repository.path, { settings: { REF: ref } });
      expect(await git.source.probe(undefined, soon())).toEqual({ kind: 'moved', revision: commit });
      expect((await take(git.source)).snapshot.revision).toBe(commit);
    }
  });

  test('is only read', async () => {
    const repository = await GitRepository.create();
    await repository.commit({ a: 'A' });
    const before = (await readdir(repository.path, { recursive: true })).toSorted();
    await using git = await gitSource(repository.path, { settings: { PATH: '.', WHERRY_EXCLUDE: 'x' } });
    await take(git.source);
    expect((await readdir(repository.path, { recursive: true })).toSorted()).toEqual(before);
  });

  test('that is no repository is missing', async () => {
    const directory = await temporaryDirectory();
    await using git = await gitSource(directory);
    const failure = await failureOf(git.source.probe(undefined, soon()));
    expect(failure.kind).toBe('missing');
    expect(failure.message).toMatch(/is not a Git repository/);
  });
});

function gitIn(cwd: string) {
  return async (...args: string[]) => (await exec('git', args, { cwd, env: plainGit })).stdout.trim();
}

describe('watching', () => {
  /** Waits for the next call, and tells after how long it came. */
  function waker() {
    let next = Promise.withResolvers<void>();
    return {
      onChange: () => next.resolve(),
      wokenBy: async (change: () => Promise<unknown>) => {
        next = Promise.withResolvers<void>();
        await change();
        const since = performance.now();
        await Promise.race([
          next.promise,
          new Promise((_, reject) => soon(10_000).addEventListener('abort', reject)),
        ]);
        return performance.now() - since;
      },
    };
  }

  test('tells of every commit to a bare repository', async () => {
    const repository = await GitRepository.create();
    let commit = await repository.commit({ a: '0' });
    await using git = await gitSource(repository.path);
    const { onChange, wokenBy } = waker();
    await using watch = await git.source.watch(onChange);
    expect(watch).toBeDefined();
    for (let change = 1; change <= 5; change++) {
      const waited = await wokenBy(async () => {
        commit = await repository.commit({ a: `${change}` }, { parents: [commit] });
      });
      expect(waited).toBeLessThan(5000);
      await expect
        .poll(() => git.source.probe(undefined, soon()))
        .toEqual({ kind: 'moved', revision: commit });
    }
  });

  test('tells of commits in a work tree, of branches packed, deleted and made again, of another HEAD', async () => {
    const tree = await workTree();
    const first = await commitFile(tree, 'one');
    await using git = await gitSource(tree.path);
    const { onChange, wokenBy } = waker();
    await using _ = await git.source.watch(onChange);
    await wokenBy(() => commitFile(tree, 'two'));
    await wokenBy(() => tree.git('pack-refs', '--all'));
    await wokenBy(() => tree.git('update-ref', 'refs/heads/main', first));
    await wokenBy(() => tree.git('checkout', '-q', '-b', 'site/other'));
    await wokenBy(() => commitFile(tree, 'three'));
    await wokenBy(() => tree.git('branch', '-D', 'main'));
    await wokenBy(() => tree.git('branch', 'main'));
  });

  test('tells of a tag that moves', async () => {
    const repository = await GitRepository.create();
    const commit = await repository.commit({ a: '0' });
    await repository.tag('v1', commit);
    await using git = await gitSource(repository.path, { settings: { REF: 'v1' } });
    const { onChange, wokenBy } = waker();
    await using _ = await git.source.watch(onChange);
    const next = await repository.commit({ a: '1' });
    await wokenBy(() => repository.tag('v1', next));
  });

  test('says nothing while nothing moves', async () => {
    const repository = await GitRepository.create();
    const commit = await repository.commit({ a: '0' });
    await using git = await gitSource(repository.path);
    let calls = 0;
    await using _ = await git.source.watch(() => {
      calls += 1;
    });
    await git.source.probe(undefined, soon());
    await take(git.source);
    await repository.git('repack', '-ad');
    // A change that does count, so that what came before it must have been seen.
    await repository.updateRef('refs/heads/zzz', commit);
    await expect.poll(() => calls).toBeGreaterThan(0);
    expect(calls).toBeLessThanOrEqual(2);
  });

  test('begins when the repository appears, and again when another takes its place', async () => {
    const parent = await temporaryDirectory();
    await using git = await gitSource(join(parent, 'repo.git'));
    const { onChange, wokenBy } = waker();
    await using _ = await git.source.watch(onChange);
    expect((await failureOf(git.source.probe(undefined, soon()))).kind).toBe('missing');
    for (let round = 0; round < 2; round++) {
      const repository = await GitRepository.create({ parent, name: 'new.git' });
      const commit = await repository.commit({ a: `${round}` });
      await rm(join(parent, 'repo.git'), { recursive: true, force: true });
      await rename(repository.path, join(parent, 'repo.git'));
      expect(await git.source.probe(undefined, soon())).toEqual({ kind: 'moved', revision: commit });
      const placed = new GitRepository(join(parent, 'repo.git'));
      await wokenBy(() => placed.commit({ a: 'moved' }));
    }
  });

  test('is not offered for remotes and fixed commits', async () => {
    await using remote = await gitSource('https://example.invalid/repo.git');
    expect(await remote.source.watch(() => undefined)).toBeUndefined();
    const repository = await GitRepository.create();
    const commit = await repository.commit({ a: '0' });
    await using fixed = await gitSource(repository.path, { settings: { REF: commit } });
    expect(await fixed.source.watch(() => undefined)).toBeUndefined();
  });
});
