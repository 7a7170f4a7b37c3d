import { dirname } from 'node:path';
import { describe, expect, test } from 'vitest';
import { failureOf, failuresOf, soon } from '../../support/calls.ts';
import { GitHttpServer } from '../../support/git-http-server.ts';
import { GitRepository } from '../../support/git-repository.ts';
import { gitSource } from '../../support/git-source.ts';
import { take } from '../../support/taking.ts';

/** Each way to a repository that needs nothing but git. */
const ways = {
  'a local path': async (repository: GitRepository) => repository.path,
  'smart HTTP': async (repository: GitRepository) => {
    const server = await GitHttpServer.start({ root: dirname(repository.path) });
    return `${server.url}/repo.git`;
  },
  'HTTP of protocol version 0': async (repository: GitRepository) => {
    const server = await GitHttpServer.start({ root: dirname(repository.path), oldProtocol: true });
    return `${server.url}/repo.git`;
  },
} as const;

describe.each(Object.entries(ways))('over %s', (_, addressOf) => {
  test('the remote HEAD is taken without a ref', async () => {
    const repository = await GitRepository.create();
    const commit = await repository.commit({ 'a.txt': 'one' });
    await using git = await gitSource(await addressOf(repository));
    const { snapshot, texts } = await take(git.source);
    expect(snapshot.revision).toBe(commit);
    expect(texts).toEqual({ 'a.txt': 'one' });
  });

  test('a branch is followed', async () => {
    const repository = await GitRepository.create();
    const first = await repository.commit({ 'a.txt': 'one' }, { ref: 'refs/heads/site/a' });
    await using git = await gitSource(await addressOf(repository), { settings: { REF: 'site/a' } });
    expect((await take(git.source)).snapshot.revision).toBe(first);
    expect(await git.source.probe(first as never, soon())).toEqual({ kind: 'unchanged' });
    const second = await repository.commit(
      { 'a.txt': 'two' },
      { ref: 'refs/heads/site/a', parents: [first] },
    );
    expect(await git.source.probe(first as never, soon())).toEqual({ kind: 'moved', revision: second });
    expect((await take(git.source)).texts).toEqual({ 'a.txt': 'two' });
  });

  test('an annotated tag is peeled, and followed when it moves', async () => {
    const repository = await GitRepository.create();
    const first = await repository.commit({ 'a.txt': 'one' });
    await repository.tag('v1', first);
    await using git = await gitSource(await addressOf(repository), { settings: { REF: 'v1' } });
    expect(await git.source.probe(undefined, soon())).toEqual({ kind: 'moved', revision: first });
    expect((await take(git.source)).snapshot.revision).toBe(first);
    const second = await repository.commit({ 'a.txt': 'two' }, { parents: [first] });
    await repository.tag('v1', second);
    expect(await git.source.probe(first as never, soon())).toEqual({ kind: 'moved', revision: second });
    expect((await take(git.source)).texts).toEqual({ 'a.txt': 'two' });
  });

  test('a packed annotated tag is peeled', async () => {
    const repository = await GitRepository.create();
    const commit = await repository.commit({ 'a.txt': 'one' });
    await repository.tag('v1', commit);
    await repository.git('pack-refs', '--all');
    await using git = await gitSource(await addressOf(repository), { settings: { REF: 'v1' } });
    expect(await git.source.probe(commit as never, soon())).toEqual({ kind: 'unchanged' });
  });

  test('a light tag is taken', async () => {
    const repository = await GitRepository.create();
    const commit = await repository.commit({ 'a.txt': 'one' });
    await repository.updateRef('refs/tags/light', commit);
    await using git = await gitSource(await addressOf(repository), { settings: { REF: 'light' } });
    expect((await take(git.source)).snapshot.revision).toBe(commit);
    expect(await git.source.probe(commit as never, soon())).toEqual({ kind: 'unchanged' });
  });

  test('a full ref name is taken', async () => {
    const repository = await GitRepository.create();
    await repository.commit({ 'a.txt': 'main' });
    const commit = await repository.commit({ 'a.txt': 'mine' }, { ref: 'refs/deploy/site' });
    await using git = await gitSource(await addressOf(repository), { settings: { REF: 'refs/deploy/site' } });
    expect((await take(git.source)).snapshot.revision).toBe(commit);
    expect(await git.source.probe(commit as never, soon())).toEqual({ kind: 'unchanged' });
  });

  test('a branch wins over a tag of the same name', async () => {
    const repository = await GitRepository.create();
    const tagged = await repository.commit({ 'a.txt': 'tag' });
    await repository.tag('same', tagged);
    const commit = await repository.commit({ 'a.txt': 'branch' }, { ref: 'refs/heads/same' });
    await using git = await gitSource(await addressOf(repository), { settings: { REF: 'same' } });
    expect((await take(git.source)).snapshot.revision).toBe(commit);
    expect(await git.source.probe(commit as never, soon())).toEqual({ kind: 'unchanged' });
    expect(git.log.of('debug').map(({ message }) => message)).toContain(
      'several refs have the name that is asked for',
    );
  });

  test('a commit that no ref names directly is taken, and never asked for again', async () => {
    const repository = await GitRepository.create();
    const first = await repository.commit({ 'a.txt': 'one' });
    await repository.commit({ 'a.txt': 'two' }, { parents: [first] });
    await using git = await gitSource(await addressOf(repository), { settings: { REF: first } });
    expect((await take(git.source)).texts).toEqual({ 'a.txt': 'one' });
    await repository.git('update-ref', '-d', 'refs/heads/main');
    expect(await git.source.probe(first as never, soon())).toEqual({ kind: 'unchanged' });
    expect((await take(git.source)).texts).toEqual({ 'a.txt': 'one' });
  });

  test('a commit that is not there is missing', async () => {
    const repository = await GitRepository.create();
    await repository.commit({ 'a.txt': 'one' });
    const absent = '0123456789'.repeat(4);
    await using git = await gitSource(await addressOf(repository), { settings: { REF: absent } });
    const failure = await failureOf(git.source.snapshot(soon()));
    expect(failure.kind).toBe('missing');
    expect(failure.message).toMatch(new RegExp(`^WHERRY_GIT_REF: the commit ${absent} is not in `));
  });

  test('history may be rewritten, with another root too', async () => {
    const repository = await GitRepository.create();
    const first = await repository.commit({ 'a.txt': 'one' });
    await repository.commit({ 'a.txt': 'two', 'b.txt': 'b' }, { parents: [first] });
    await using git = await gitSource(await addressOf(repository), { settings: { REF: 'main' } });
    await take(git.source);
    const orphan = await repository.commit({ 'c.txt': 'other' });
    const { snapshot, texts } = await take(git.source);
    expect(snapshot.revision).toBe(orphan);
    expect(texts).toEqual({ 'c.txt': 'other' });
    await repository.updateRef('refs/heads/main', first);
    expect((await take(git.source)).texts).toEqual({ 'a.txt': 'one' });
  });

  test('a branch may appear later, and disappear', async () => {
    const repository = await GitRepository.create();
    const main = await repository.commit({ 'a.txt': 'one' });
    await using git = await gitSource(await addressOf(repository), { settings: { REF: 'later' } });
    const failure = await failureOf(git.source.probe(undefined, soon()));
    expect(failure.kind).toBe('missing');
    expect(failure.message).toMatch(/^WHERRY_GIT_REF: "later" is not a branch, tag or ref of /);
    expect((await failureOf(git.source.snapshot(soon()))).message).toBe(failure.message);
    await repository.updateRef('refs/heads/later', main);
    expect(await git.source.probe(undefined, soon())).toEqual({ kind: 'moved', revision: main });
    expect((await take(git.source)).snapshot.revision).toBe(main);
    await repository.git('update-ref', '-d', 'refs/heads/later');
    expect((await failureOf(git.source.probe(main as never, soon()))).kind).toBe('missing');
  });

  test('a commit by its first digits is refused, and what to write is said', async () => {
    const repository = await GitRepository.create();
    const short = (await repository.commit({ 'a.txt': 'one' })).slice(0, 7);
    await using git = await gitSource(await addressOf(repository), { settings: { REF: short } });
    const failure = await failureOf(git.source.probe(undefined, soon()));
    expect(failure.message).toMatch(/^WHERRY_GIT_REF: .*; of a commit write all digits/);
  });

  test('an empty repository is said to be empty', async () => {
    const repository = await GitRepository.create();
    await using git = await gitSource(await addressOf(repository));
    const calls = [git.source.probe(undefined, soon()), git.source.snapshot(soon())];
    for (const failure of await failuresOf(calls)) {
      expect(failure.kind).toBe('missing');
      expect(failure.message).toMatch(/^WHERRY_GIT_REPO: .* is empty: it has no commit yet/);
    }
  });

  test('a repository that is not there is missing', async () => {
    const repository = await GitRepository.create();
    const address = (await addressOf(repository)).replace('repo.git', 'nope.git');
    await using git = await gitSource(address);
    const calls = [git.source.probe(undefined, soon()), git.source.snapshot(soon())];
    for (const failure of await failuresOf(calls)) {
      expect(failure.kind).toBe('missing');
      expect(failure.message).toMatch(/^WHERRY_GIT_REPO: /);
    }
  });

  test('a repository of SHA-256 objects is taken', async () => {
    const repository = await GitRepository.create({ format: 'sha256' });
    const commit = await repository.commit({ 'a.txt': 'one' });
    expect(commit).toHaveLength(64);
    for (const ref of ['main', commit]) {
      await using git = await gitSource(await addressOf(repository), { settings: { REF: ref } });
      const { snapshot, texts } = await take(git.source);
      expect(snapshot.revision).toBe(commit);
      expect(texts).toEqual({ 'a.txt': 'one' });
      expect(await git.source.probe(snapshot.revision, soon())).toEqual({ kind: 'unchanged' });
    }
  });
});
