import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { byThread, filesIn } from '../../src/platform/volume-files.ts';
import { temporaryDirectory } from '../support/temporary.ts';

test.each([
  ['memory is asked at once', '/dev/shm', false],
  ['what the kernel makes up is asked by a thread', '/proc', true],
  ['what is not there is asked by a thread', '/no/such/directory', true],
])('%s', async (_, directory, isByThread) => {
  expect((await filesIn(directory)) === byThread).toBe(isByThread);
});

describe.each([
  ['at once', () => filesIn('/dev/shm')],
  ['by a thread', async () => byThread],
] as const)('asked %s', (_, get) => {
  test('files, links and directories are what they are', async () => {
    const directory = await temporaryDirectory();
    const [file, link] = [join(directory, 'file'), join(directory, 'link')];
    await writeFile(file, 'text');
    await symlink('file', link);
    const files = await get();
    expect(await files.text(file)).toBe('text');
    expect(await files.text(directory)).toBeUndefined();
    expect((await files.stat(link))?.isFile()).toBe(true);
    expect((await files.lstat(link))?.isSymbolicLink()).toBe(true);
    expect(await files.readlink(link)).toBe('file');
    expect(await files.readlink(file)).toBeUndefined();
    expect((await files.entries(directory))?.map(({ name }) => name).toSorted()).toEqual(['file', 'link']);
    expect(await files.entries(file)).toBeUndefined();
  });

  test('what is not there is undefined, and nothing else is', async () => {
    const directory = await temporaryDirectory();
    await writeFile(join(directory, 'file'), '');
    await mkdir(join(directory, 'sub'));
    const files = await get();
    for (const path of ['none', 'file/below'].map((name) => join(directory, name))) {
      expect(await files.lstat(path)).toBeUndefined();
      expect(await files.stat(path)).toBeUndefined();
      expect(await files.readlink(path)).toBeUndefined();
      expect(await files.text(path)).toBeUndefined();
      expect(await files.entries(path)).toBeUndefined();
    }
    const tooLong = join(directory, 'x'.repeat(300));
    await expect((async () => files.stat(tooLong))()).rejects.toMatchObject({ code: 'ENAMETOOLONG' });
  });
});
