import { createHash } from 'node:crypto';
import { chmod, lstat, mkdir, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { inspect } from '../../../src/publish/drift/inspection.ts';
import { Inventory } from '../../../src/publish/drift/inventory.ts';
import type { Manifest } from '../../../src/publish/manifest.ts';
import type { Digest, Fingerprint, Revision } from '../../../src/snapshot/entry.ts';
import { parsePath } from '../../../src/snapshot/path-rules.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const { signal } = new AbortController();
const names = ['a', 'd/b', 'd/c', 'd/e/f'];

async function bench(contents: Readonly<Record<string, string>> = {}) {
  const root = await temporaryDirectory();
  await chmod(root, 0o755);
  const files = [];
  for (const name of names) {
    const content = contents[name] ?? `content of ${name}`;
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), content, { mode: 0o644 });
    await chmod(join(root, name), 0o644);
    const sha256 = createHash('sha256').update(content).digest('hex');
    const fingerprint = 'x:1' as Fingerprint;
    files.push({ path: parsePath(name), size: content.length, sha256, mode: '0644', fingerprint });
  }
  const manifest: Manifest = {
    version: 1,
    source: 'test',
    revision: 'r' as Revision,
    digest: 'd' as Digest,
    sequence: 1,
    publishedAt: '',
    dirMode: '0755',
    files,
  };
  const inventory = new Inventory(manifest);
  let read = 0;
  const { ctimeMs: sealed } = await lstat(join(root, 'd/e/f'));
  const look = async () => {
    const options = { inventory, root, dirMode: 0o755, ownsRoot: true, sealed };
    const found = await inspect(
      inventory.below(''),
      {
        ...options,
        manifest: async () => {
          read += 1;
          return manifest;
        },
      },
      signal,
    );
    return found.damages.map(({ kind, path }) => `${kind} ${path}`);
  };
  return { root, look, read: () => read };
}

test('what nobody touched is not read', async () => {
  const { look, read } = await bench();
  expect(await look()).toEqual([]);
  expect(read()).toBe(0);
});

test('what the kubelet does to a volume with an fsGroup is no damage, and is read once', async () => {
  const { root, look, read } = await bench();
  for (const name of names) await chmod(join(root, name), 0o664);
  for (const name of ['', 'd', 'd/e']) await chmod(join(root, name), 0o2775);
  expect(await look()).toEqual([]);
  expect(read()).toBe(1);
  expect(await look()).toEqual([]);
  expect(read()).toBe(1);
});

test('what a clock hides that jumped back is seen: another change time is another', async () => {
  const { root, look } = await bench();
  expect(await look()).toEqual([]);
  const path = join(root, 'a');
  const { atime, mtime } = await lstat(path);
  await writeFile(path, 'CONTENT OF A'.padEnd('content of a'.length));
  await utimes(path, atime, mtime);
  expect(await look()).toEqual(['content a']);
});

test('more and less than was published is damage', async () => {
  const { root, look } = await bench();
  await truncate(join(root, 'd/b'), 3);
  await writeFile(join(root, 'd/c'), 'content of d/c and more');
  expect(await look()).toEqual(['content d/b', 'content d/c']);
});

test('a large file is read too', async () => {
  const { root, look } = await bench({ 'd/b': 'x'.repeat(1_000_000) });
  expect(await look()).toEqual([]);
  await writeFile(join(root, 'd/b'), `${'x'.repeat(999_999)}y`);
  expect(await look()).toEqual(['content d/b']);
});

test('a directory that is gone takes all below it', async () => {
  const { root, look } = await bench();
  await rm(join(root, 'd'), { recursive: true });
  expect(await look()).toEqual(['content d/b', 'content d/c', 'content d/e/f']);
});

test('another mode of a file, and of a directory, is damage of its own', async () => {
  const { root, look } = await bench();
  await chmod(join(root, 'a'), 0o666);
  await chmod(join(root, 'd'), 0o777);
  await chmod(join(root, 'd/c'), 0o4644);
  expect((await look()).toSorted()).toEqual(['directory d', 'mode a', 'mode d/c']);
});
