import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { emptyState } from '../../src/engine/machine/state.ts';
import { readState, StateStore } from '../../src/engine/state-store.ts';
import { writeAtomically } from '../../src/platform/atomic-write.ts';
import { ensureDirectory } from '../../src/platform/directory.ts';
import { ensureDirectoryNow } from '../../src/platform/directory-now.ts';
import { fsyncAll } from '../../src/platform/flush.ts';
import type { Log } from '../../src/platform/log.ts';
import { temporaryDirectory } from '../support/temporary.ts';

test('a file is replaced as a whole, over what a killed run left', async () => {
  const directory = await temporaryDirectory();
  const path = join(directory, 'f');
  await writeFile(path, 'old');
  await writeFile(`${path}.tmp`, 'half');
  await writeAtomically(path, 'new', 0o600);
  expect(await readFile(path, 'utf8')).toBe('new');
  expect(await readdir(directory)).toEqual(['f']);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

test('directories are made by several at once, below a parent that none of them finds', async () => {
  for (let round = 0; round < 50; round += 1) {
    const directory = await temporaryDirectory();
    const paths = ['x', 'y', 'z', 'x', 'y', 'z'].map((name) => join(directory, 'a/b', name));
    await Promise.all(paths.map((path) => ensureDirectory(path, 0o700)));
    expect((await readdir(join(directory, 'a/b'))).toSorted()).toEqual(['x', 'y', 'z']);
  }
});

test('directories are made by one that asks without the thread pool', async () => {
  const directory = await temporaryDirectory();
  ensureDirectoryNow(join(directory, 'a/b/c'), 0o700);
  ensureDirectoryNow(join(directory, 'a/b/d'), 0o700);
  expect((await readdir(join(directory, 'a/b'))).toSorted()).toEqual(['c', 'd']);
  expect((await stat(join(directory, 'a'))).mode & 0o777).toBe(0o700);
});

test.runIf(process.platform === 'linux')(
  'a directory below one that is there and takes none is an error, not an endless loop',
  async () => {
    expect(() => ensureDirectoryNow('/proc/..wherry/git', 0o700)).toThrow('ENOENT');
    await expect(ensureDirectory('/proc/..wherry/git', 0o700)).rejects.toThrow('ENOENT');
  },
);

test.each([3, 300])('%i files are made durable', async (count) => {
  const directory = await temporaryDirectory();
  const paths = Array.from({ length: count }, (_, index) => join(directory, String(index)));
  for (const path of paths) await writeFile(path, 'x');
  await fsyncAll(paths, directory);
});

describe('the state file', () => {
  const lines: string[] = [];
  const log: Log = {
    trace: () => undefined,
    debug: () => undefined,
    info: () => undefined,
    warn: (_fields, message) => lines.push(message),
    error: () => undefined,
  };

  test('is private, and read as it was written', async () => {
    const directory = join(await temporaryDirectory(), 'state');
    const store = new StateStore(directory, log);
    expect(await store.load()).toEqual(emptyState);
    await store.save({ ...emptyState, sequence: 3 });
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
    expect((await stat(join(directory, 'state.json'))).mode & 0o777).toBe(0o600);
    expect(await readState(directory)).toEqual({ ...emptyState, sequence: 3 });
  });

  test.each(['', '{', '{"version":2}', '[]', 'null'])(
    'that holds %j is set aside and said so',
    async (content) => {
      const directory = join(await temporaryDirectory(), 'state');
      await mkdir(directory);
      await writeFile(join(directory, 'state.json'), content);
      lines.length = 0;
      expect(await new StateStore(directory, log).load()).toEqual(emptyState);
      expect(await readdir(directory)).toEqual(['state.json.unreadable']);
      expect(lines).toEqual([expect.stringContaining('could not be read')]);
    },
  );
});
