import { execFileSync } from 'node:child_process';
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { MissingError, RefusedError } from '../../src/failure/failure.ts';
import { listDirectory } from '../../src/release/directory.ts';
import { hashFiles } from '../../src/release/hash-files.ts';
import { pathFilterOf } from '../../src/snapshot/path-filter.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const { signal } = new AbortController();

async function listed(root: string, include?: string[], exclude?: string[]) {
  const { entries, leftOut } = await listDirectory(root, await pathFilterOf({ include, exclude }), signal);
  return { paths: entries.map(({ path }) => path), entries, leftOut };
}

describe('a directory that is to be released', () => {
  test('is its files and links, in the order of their paths', async () => {
    const root = join(await temporaryDirectory(), 'ü');
    await mkdir(join(root, 'sub/empty'), { recursive: true });
    await writeFile(join(root, 'b'), '');
    await writeFile(join(root, 'sub/run'), '');
    await chmod(join(root, 'sub/run'), 0o755);
    await symlink('b', join(root, 'a'));
    await symlink('empty', join(root, 'sub/d'));
    const { entries } = await listed(root);
    expect(entries).toEqual([
      { kind: 'link', path: 'a', target: 'b' },
      { kind: 'file', path: 'b', place: join(root, 'b'), executable: false },
      { kind: 'link', path: 'sub/d', target: 'empty' },
      { kind: 'file', path: 'sub/run', place: join(root, 'sub/run'), executable: true },
    ]);
  });

  test('is what the globs take', async () => {
    const root = await temporaryDirectory();
    for (const name of ['a.yaml', 'b.txt', 'c.yaml']) await writeFile(join(root, name), '');
    expect((await listed(root, ['*.yaml'], ['c*'])).paths).toEqual(['a.yaml']);
  });

  test('leaves out what is Git’s own, and says so', async () => {
    const root = await temporaryDirectory();
    await mkdir(join(root, '.git/objects'), { recursive: true });
    await mkdir(join(root, 'module'));
    await writeFile(join(root, 'module/.git'), 'gitdir: elsewhere');
    await writeFile(join(root, '.gitignore'), '');
    const { paths, leftOut } = await listed(root);
    expect(paths).toEqual(['.gitignore']);
    expect(leftOut.toSorted()).toEqual(['.git', 'module/.git']);
  });

  test('that holds a pipe is refused, with its name', async () => {
    const root = await temporaryDirectory();
    execFileSync('mkfifo', [join(root, 'pipe')]);
    await expect(listed(root)).rejects.toThrow(RefusedError);
    await expect(listed(root)).rejects.toThrow(/pipe" is neither a file nor a directory/);
  });

  test('that holds a name which is no UTF-8 is refused', async () => {
    const root = await temporaryDirectory();
    await writeFile(Buffer.concat([Buffer.from(`${root}/`), Buffer.of(0x61, 0xff)]), '');
    await expect(listed(root)).rejects.toThrow('is not UTF-8');
  });

  test.each(['gone', 'file'])('that is no directory (%s) is missing', async (name) => {
    const root = await temporaryDirectory();
    await writeFile(join(root, 'file'), '');
    await expect(listed(join(root, name))).rejects.toThrow(MissingError);
  });
});

describe('the contents of a directory', () => {
  test('are known by size and SHA-256', async () => {
    const root = await temporaryDirectory();
    await writeFile(join(root, 'a'), 'hi\n');
    const { entries } = await listed(root);
    expect(await hashFiles(entries, 10, signal)).toMatchObject([
      { path: 'a', size: 3, sha256: '98ea6e4f216f2fb4b69fff9b3a44842c38686ca685f3f55dc48c5d3fb1107be4' },
    ]);
  });

  test('of more bytes than readers take are refused', async () => {
    const root = await temporaryDirectory();
    await writeFile(join(root, 'a'), 'x'.repeat(11));
    const { entries } = await listed(root);
    await expect(hashFiles(entries, 10, signal)).rejects.toThrow(
      'WHERRY_MAX_BYTES: the directory has 11 bytes',
    );
  });
});
