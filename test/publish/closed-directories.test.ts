import { chmod, lstat, mkdir, readdir, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  closeDirectory,
  fillingMode,
  insideDirectory,
  openDirectory,
  removeTree,
} from '../../src/publish/closed-directories.ts';
import { modeOf } from '../support/engine-bench.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { mayBecomeOthers, runAs, volumeOf } from '../support/users.ts';

async function directoryOf(mode: number): Promise<string> {
  const directory = join(await temporaryDirectory(), 'closed');
  await mkdir(directory);
  await chmod(directory, mode);
  return directory;
}

test.each([
  [0o555, 0o755],
  [0o550, 0o750],
  [0o500, 0o700],
  [0o755, 0o755],
])('a directory of mode %o is filled as %o: only its owner may do more', (dirMode, filling) => {
  expect(fillingMode(dirMode)).toBe(filling);
});

test('opening lets the owner write, closing takes the right again, and setgid stays', async () => {
  const directory = await directoryOf(0o2555);
  await openDirectory(directory);
  expect(await modeOf(directory)).toBe('2755');
  await closeDirectory(directory, 0o555);
  expect(await modeOf(directory)).toBe('2555');
});

test('a directory that has its mode is not touched', async () => {
  const directory = await directoryOf(0o755);
  const before = (await stat(directory, { bigint: true })).ctimeNs;
  await openDirectory(directory);
  await closeDirectory(directory, 0o755);
  expect((await stat(directory, { bigint: true })).ctimeNs).toBe(before);
});

test('what is done inside a closed directory leaves it closed, when it fails too', async () => {
  const directory = await directoryOf(0o555);
  const seen = await insideDirectory(directory, 0o555, () => modeOf(directory));
  expect(seen).toBe('755');
  await expect(insideDirectory(directory, 0o555, () => Promise.reject(new Error('no')))).rejects.toThrow(
    'no',
  );
  expect(await modeOf(directory)).toBe('555');
});

test('what was left open by a killed run is closed by the next that works inside', async () => {
  const directory = await directoryOf(0o755);
  await insideDirectory(directory, 0o555, async () => undefined);
  expect(await modeOf(directory)).toBe('555');
});

test('an act may remove the directory that it works in', async () => {
  const directory = await directoryOf(0o555);
  await insideDirectory(directory, 0o555, () => removeTree(directory));
  await expect(lstat(directory)).rejects.toThrow('ENOENT');
});

test('a link in the place of a directory leads nowhere', async () => {
  const victim = await directoryOf(0o555);
  const link = join(await temporaryDirectory(), 'link');
  await symlink(victim, link);
  await expect(openDirectory(link)).rejects.toThrow(/ENOTDIR|ELOOP/);
  expect(await modeOf(victim)).toBe('555');
});

test('a tree goes as a whole; what is not there is no error', async () => {
  const parent = await temporaryDirectory();
  const tree = join(parent, 'tree');
  await mkdir(join(tree, 'a/b'), { recursive: true });
  await writeFile(join(tree, 'a/b/file'), '', { mode: 0o444 });
  for (const directory of ['a/b', 'a', '.']) await chmod(join(tree, directory), 0o555);
  await removeTree(tree);
  await removeTree(tree);
  expect(await readdir(parent)).toEqual([]);
});

/** Makes trees of which a part is closed, and removes them. */
const removing = `
  import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
  const { removeTree } = await import(process.argv[1]);
  const parent = process.argv[2];
  for (let turn = 0; turn < 20; turn += 1) {
    for (let index = 0; index < 40; index += 1) {
      const directory = parent + '/tree/' + index;
      mkdirSync(directory + '/deep', { recursive: true });
      writeFileSync(directory + '/deep/file', '');
      if (index % 2 === 0) chmodSync(directory, 0o555);
    }
    await removeTree(parent + '/tree');
  }
  console.log(readdirSync(parent).length);
`;

test.skipIf(!mayBecomeOthers)('a tree of which a part is closed goes as a whole', async () => {
  const owner = { uid: 12345, gid: 12345 };
  const parent = await volumeOf({ ...owner, mode: 0o755 });
  const module = join(import.meta.dirname, '../../src/publish/closed-directories.ts');
  const script = ['--input-type=module', '--eval', removing, module, parent];
  expect(await runAs(owner, process.execPath, ...script)).toBe('0\n');
});
