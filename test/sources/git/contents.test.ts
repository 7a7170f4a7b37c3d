import { createHash, randomBytes } from 'node:crypto';
import { dirname } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { FileEntry } from '../../../src/snapshot/entry.ts';
import type { FileSink } from '../../../src/snapshot/file-sink.ts';
import { failureOf, soon } from '../../support/calls.ts';
import { GitHttpServer } from '../../support/git-http-server.ts';
import { type Content, GitRepository } from '../../support/git-repository.ts';
import { gitSource } from '../../support/git-source.ts';
import { filesOf, MemorySink, take } from '../../support/taking.ts';

async function holding(files: Readonly<Record<string, Content>>): Promise<GitRepository> {
  const repository = await GitRepository.create();
  await repository.commit(files);
  return repository;
}

describe('contents', () => {
  test('of every kind come byte for byte', async () => {
    const files: Record<string, Buffer> = {
      empty: Buffer.alloc(0),
      'no-newline': Buffer.from('no newline'),
      crlf: Buffer.from('a\r\nb\r\n'),
      binary: Buffer.from(Array.from({ length: 4096 }, (_, index) => index % 256)),
      'looks-missing': Buffer.from('0123456789012345678901234567890123456789 missing\n'),
      'just-whole': randomBytes(256 * 1024),
      'just-streamed': randomBytes(256 * 1024 + 1),
      large: randomBytes(21 * 1024 * 1024),
    };
    const repository = await holding(files);
    await using git = await gitSource(repository.path);
    const { entries } = await git.source.snapshot(soon());
    const sink = new MemorySink();
    await git.source.write(filesOf(entries), sink, soon());
    for (const [path, bytes] of Object.entries(files)) {
      expect(sink.files.get(path)?.equals(bytes), path).toBe(true);
    }
    expect(sink.puts.toSorted()).toEqual(Object.keys(files).toSorted());
  });

  test('under odd names come too', async () => {
    const names = [
      'line\nbreak',
      'tab\tname',
      'quote"name',
      "single'quote",
      'back\\slash',
      'naïve file ✓.txt',
      '-leading-dash',
      '--option=value',
      ':(glob)magic*?[x]',
      ':!exclude',
      ' leading and trailing ',
      '.hidden/.file',
      'with space/and #hash/%25',
      'ends.with.lock',
      '日本語/ファイル',
    ];
    const repository = await holding(
      Object.fromEntries(names.map((name, index) => [name, `content ${index}`])),
    );
    for (const settings of [{}, { WHERRY_INCLUDE: '**' }]) {
      await using git = await gitSource(repository.path, { settings });
      const { texts } = await take(git.source);
      expect(Object.entries(texts).toSorted()).toEqual(
        names.map((name, index) => [name, `content ${index}`]).toSorted(),
      );
    }
  });

  test('have fingerprints that tell whether they differ, and executable bits', async () => {
    const repository = await holding({ a: 'same', b: 'same', c: { executable: '#!/bin/sh\n' } });
    await using git = await gitSource(repository.path);
    const files = filesOf((await git.source.snapshot(soon())).entries);
    const [a, b, c] = files.toSorted((one, other) => (one.path < other.path ? -1 : 1));
    const oid = createHash('sha1').update('blob 4\0same').digest('hex');
    expect(a).toEqual({ kind: 'file', path: 'a', executable: false, fingerprint: `git:${oid}` });
    expect(b?.fingerprint).toBe(a?.fingerprint);
    expect(c?.executable).toBe(true);
  });

  test('of symbolic links are their texts', async () => {
    const repository = await holding({
      'dir/link': { link: '../a' },
      a: 'x',
      outside: { link: '/etc/passwd' },
    });
    await using git = await gitSource(repository.path);
    expect((await take(git.source)).texts).toEqual({
      a: 'x',
      'dir/link': '-> ../a',
      outside: '-> /etc/passwd',
    });
  });

  test('are written for the asked files alone', async () => {
    const repository = await holding({ a: 'A', b: 'B', c: 'C' });
    await using git = await gitSource(repository.path);
    const { entries } = await git.source.snapshot(soon());
    const sink = new MemorySink();
    await git.source.write(
      filesOf(entries).filter(({ path }) => path !== 'b'),
      sink,
      soon(),
    );
    expect([...sink.files.keys()].toSorted()).toEqual(['a', 'c']);
  });

  test('wait for a slow sink, so that memory does not grow with the file', { timeout: 120_000 }, async () => {
    const size = 200 * 1024 * 1024;
    const repository = await holding({ big: Buffer.alloc(size, 'abcdefgh') });
    await using git = await gitSource(repository.path);
    const { entries } = await git.source.snapshot(soon(100_000));
    let seen = 0;
    let largest = 0;
    const before = process.memoryUsage.rss();
    let peak = before;
    const sink: FileSink = {
      async put(_: FileEntry, content: Uint8Array | AsyncIterable<Uint8Array>) {
        if (content instanceof Uint8Array) throw new Error('not in pieces');
        for await (const chunk of content) {
          seen += chunk.byteLength;
          largest = Math.max(largest, chunk.byteLength);
          if (seen % (8 * 1024 * 1024) < chunk.byteLength) {
            peak = Math.max(peak, process.memoryUsage.rss());
            await new Promise((resolve) => setImmediate(resolve));
          }
        }
      },
    };
    await git.source.write(filesOf(entries), sink, soon(100_000));
    expect(seen).toBe(size);
    expect(largest).toBeLessThanOrEqual(256 * 1024);
    expect(peak - before).toBeLessThan(100 * 1024 * 1024);
  });

  test('that are LFS pointers are told once, by name', async () => {
    const pointer = 'version https://git-lfs.github.com/spec/v1\noid sha256:abc\nsize 12345\n';
    const repository = await holding({ 'model.bin': pointer, 'img/logo.png': pointer, 'a.txt': 'plain' });
    await using git = await gitSource(repository.path);
    await take(git.source);
    const warnings = git.log.of('warn');
    expect(warnings).toHaveLength(1);
    expect(warnings[0]?.message).toMatch(/Git LFS pointers/);
    expect(warnings[0]?.fields).toEqual({
      count: 2,
      paths: expect.toSatisfy((paths: string[]) => paths.toSorted().join() === 'img/logo.png,model.bin'),
    });
  });

  test('that the sink refuses end the writing with the sink’s own error', async () => {
    const repository = await holding({ a: 'A', big: randomBytes(1_000_000) });
    await using git = await gitSource(repository.path);
    const { entries } = await git.source.snapshot(soon());
    const refusal = new Error('volume full');
    const sink: FileSink = { put: () => Promise.reject(refusal) };
    await expect(git.source.write(filesOf(entries), sink, soon())).rejects.toBe(refusal);
    expect((await take(git.source)).texts['a']).toBe('A');
  });
});

describe('a part of the repository', () => {
  const files = {
    'README.md': 'readme',
    'deploy/app.yaml': 'app',
    'deploy/site/a.yaml': 'a',
    'deploy/site/b.json': 'b',
    'deploy/site/sub/c.yaml': 'c',
    'deploy/site/link': { link: 'a.yaml' },
    'other/big.bin': randomBytes(300_000),
  };

  test('is a directory by WHERRY_GIT_PATH, its paths below it', async () => {
    const repository = await holding(files);
    for (const path of ['deploy/site', './deploy//site/']) {
      await using git = await gitSource(repository.path, { settings: { PATH: path } });
      expect((await take(git.source)).texts).toEqual({
        'a.yaml': 'a',
        'b.json': 'b',
        'sub/c.yaml': 'c',
        link: '-> a.yaml',
      });
    }
  });

  test('is one file by its base name', async () => {
    const repository = await holding(files);
    await using git = await gitSource(repository.path, { settings: { PATH: 'deploy/site/a.yaml' } });
    expect((await take(git.source)).texts).toEqual({ 'a.yaml': 'a' });
  });

  test('is what the globs take, relative to the path', async () => {
    const repository = await holding(files);
    const settings = {
      PATH: 'deploy',
      WHERRY_INCLUDE: '**/*.yaml,site/*.json',
      WHERRY_EXCLUDE: 'site/sub/**',
    };
    await using git = await gitSource(repository.path, { settings });
    expect(Object.keys((await take(git.source)).texts).toSorted()).toEqual([
      'app.yaml',
      'site/a.yaml',
      'site/b.json',
    ]);
  });

  test.each(['deploy', 'deploy,*.md', '{deploy,docs}', 'dep*', './deploy'])(
    'is without a directory that is excluded by its name: %s',
    async (exclude) => {
      const repository = await holding({ ...files, deployed: 'a' });
      await using git = await gitSource(repository.path, { settings: { WHERRY_EXCLUDE: exclude } });
      const { texts } = await take(git.source);
      expect(Object.keys(texts).filter((path) => path.startsWith('deploy/'))).toEqual([]);
      expect(Object.keys(texts).length).toBeGreaterThan(0);
    },
  );

  test('that is not there is missing, and the setting is named', async () => {
    const repository = await holding(files);
    for (const path of ['nope', 'deploy/nope', 'README.md/x', 'deploy/site/link']) {
      await using git = await gitSource(repository.path, { settings: { PATH: path } });
      const failure = await failureOf(git.source.snapshot(soon()));
      expect(failure.kind).toBe('missing');
      expect(failure.message).toMatch(/^WHERRY_GIT_PATH: /);
    }
  });

  test('brings no other contents near, and its own in one request', async () => {
    const repository = await holding(files);
    const server = await GitHttpServer.start({ root: dirname(repository.path) });
    await using git = await gitSource(`${server.url}/repo.git`, { settings: { PATH: 'deploy/site' } });
    const { entries } = await git.source.snapshot(soon());
    const before = server.requests.length;
    const sink = new MemorySink();
    await git.source.write(filesOf(entries), sink, soon());
    expect([...sink.files.keys()].toSorted()).toEqual(['a.yaml', 'b.json', 'sub/c.yaml']);
    // git asks for the capabilities, then for all blobs at once.
    expect(server.requests.slice(before).map(({ method }) => method)).toEqual(['GET', 'POST']);
    const { readdir, stat } = await import('node:fs/promises');
    const names = await readdir(`${git.stateDir}/git`, { recursive: true });
    const sizes = await Promise.all(
      names.map(async (name) => (await stat(`${git.stateDir}/git/${name}`)).size),
    );
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(150_000);
    await git.source.write(filesOf(entries), new MemorySink(), soon());
    expect(server.requests).toHaveLength(before + 2);
  });

  test('comes also from a server that leaves nothing out', async () => {
    const repository = await holding(files);
    await repository.git('config', 'uploadpack.allowFilter', 'false');
    for (const oldProtocol of [false, true]) {
      const server = await GitHttpServer.start({ root: dirname(repository.path), oldProtocol });
      await using git = await gitSource(`${server.url}/repo.git`, { settings: { PATH: 'deploy/site' } });
      expect((await take(git.source)).texts['a.yaml']).toBe('a');
    }
  });

  test('comes from a server that leaves contents out and does not give them by name', async () => {
    const repository = await holding(files);
    const server = await GitHttpServer.start({ root: dirname(repository.path), oldProtocol: true });
    await using git = await gitSource(`${server.url}/repo.git`, { settings: { PATH: 'deploy/site' } });
    expect((await take(git.source)).texts['sub/c.yaml']).toBe('c');
    await repository.commit({ ...files, 'deploy/site/a.yaml': 'changed' });
    expect((await take(git.source)).texts['a.yaml']).toBe('changed');
  });

  test('follows changes', async () => {
    const repository = await holding(files);
    await using git = await gitSource(repository.path, { settings: { PATH: 'deploy/site' } });
    await take(git.source);
    for (let change = 0; change < 3; change++) {
      await repository.commit({ ...files, 'deploy/site/a.yaml': `change ${change}` });
      expect((await take(git.source)).texts['a.yaml']).toBe(`change ${change}`);
    }
  });
});

describe('a path that cannot be a file', () => {
  test('refuses the set, and can be left out', async () => {
    const repository = await holding({ '..data': 'x', a: 'A' });
    await using git = await gitSource(repository.path);
    const failure = await failureOf(git.source.snapshot(soon()));
    expect(failure.kind).toBe('refused');
    expect(failure.message).toContain('..data');
    await using careful = await gitSource(repository.path, { settings: { WHERRY_EXCLUDE: '..data' } });
    expect((await take(careful.source)).texts).toEqual({ a: 'A' });
  });

  test('is one that is not UTF-8', async () => {
    const repository = await GitRepository.create();
    const blob = await repository.commit({ a: 'A' });
    const oid = await repository.git('rev-parse', `${blob}:a`);
    const tree = Buffer.concat([Buffer.from('100644 caf\xe9\0', 'latin1'), Buffer.from(oid, 'hex')]);
    const { execFileSync } = await import('node:child_process');
    const hash = (type: string, input: Buffer | string) =>
      execFileSync('git', ['hash-object', '-t', type, '-w', '--stdin', '--literally'], {
        cwd: repository.path,
        input,
      })
        .toString()
        .trim();
    const stamp = 'test <t@example.com> 1700000000 +0000';
    const commit = hash('commit', `tree ${hash('tree', tree)}\nauthor ${stamp}\ncommitter ${stamp}\n\nx\n`);
    await repository.updateRef('refs/heads/main', commit);
    await using git = await gitSource(repository.path);
    const failure = await failureOf(git.source.snapshot(soon()));
    expect(failure.kind).toBe('refused');
    expect(failure.message).toMatch(/is not UTF-8/);
  });

  test('stops a set that is too large before it is read', async () => {
    const repository = await holding(
      Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`f${i}`, 'x'])),
    );
    await using git = await gitSource(repository.path, { settings: { WHERRY_MAX_FILES: '20' } });
    const failure = await failureOf(git.source.snapshot(soon()));
    expect(failure.kind).toBe('refused');
    expect(failure.message).toMatch(/^WHERRY_MAX_FILES: /);
  });
});

describe('depth', () => {
  test('is one commit unless asked otherwise, and may be changed later', async () => {
    const repository = await GitRepository.create();
    const first = await repository.commit({ a: '1' });
    const second = await repository.commit({ a: '2' }, { parents: [first] });
    const third = await repository.commit({ a: '3' }, { parents: [second] });
    const { stateDir } = await gitSource(repository.path);
    const count = async (settings: Record<string, string>) => {
      await using git = await gitSource(repository.path, { settings, stateDir });
      expect((await git.source.snapshot(soon())).revision).toBe(third);
      const { readdir } = await import('node:fs/promises');
      const name = (await readdir(`${stateDir}/git`)).find((entry) => entry.startsWith('repo-'));
      const clone = new GitRepository(`${stateDir}/git/${name}`);
      return Number(await clone.git('rev-list', '--count', third));
    };
    expect(await count({})).toBe(1);
    expect(await count({ DEPTH: '2' })).toBe(2);
    expect(await count({ DEPTH: '0' })).toBe(3);
    expect(await count({ DEPTH: '1' })).toBe(1);
  });
});
