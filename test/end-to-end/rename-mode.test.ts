import { cp, mkdir, readdir, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { readState } from '../../src/engine/state-store.ts';
import { appSet, LoadingApp } from '../support/loading-app.ts';
import { run, start } from '../support/program.ts';
import { markOf, treeOf } from '../support/rename-bench.ts';
import { Repository } from '../support/repository.ts';
import { type ChangingCall, hasStrace, startUntilCall } from '../support/strace.ts';
import { temporaryDirectory } from '../support/temporary.ts';

type Files = Readonly<Record<string, string>>;

/** A volume with the target and the state directory beside each other. */
async function newVolume() {
  const root = await temporaryDirectory();
  const volume = join(root, 'volume');
  await mkdir(volume);
  const target = join(volume, 'live');
  const stateDir = join(volume, '.state');
  const settings = {
    WHERRY_TARGET: target,
    WHERRY_STATE_DIR: stateDir,
    WHERRY_PUBLISH: 'rename',
    WHERRY_RETAIN: '0',
  };
  return { root, volume, target, stateDir, settings, workshop: join(stateDir, 'generations') };
}

async function newDirectory(root: string, files: Files): Promise<string> {
  const directory = join(root, `source-${Object.keys(files).length}-${Math.random()}`);
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), content);
  }
  return directory;
}

test('a set that the application rejects is rolled back, and what is the same in both is never touched', async () => {
  const { target, stateDir, settings } = await newVolume();
  const repository = await Repository.create();
  await using app = await LoadingApp.start(target);
  const sidecar = {
    ...settings,
    WHERRY_SOURCE: 'git',
    WHERRY_GIT_REPO: repository.path,
    WHERRY_POLL_INTERVAL: '100ms',
    WHERRY_RELOAD_URL: app.reloadUrl,
  };
  const good = await repository.commit({ ...appSet('good 1'), 'd/kept': 'kept', 'd/gone': 'gone' });
  const wherry = start(['run'], sidecar);
  const state = () => readState(stateDir);
  await expect.poll(async () => (await state())?.good?.revision, { timeout: 30_000 }).toBe(good);
  const before = await markOf(join(target, 'd/kept'));
  await repository.commit({ ...appSet('bad 1'), 'd/kept': 'kept', 'e/new': 'new' });
  await wherry.says('rolled back to the last good set', 30_000);
  await expect.poll(() => app.found.at(-1), { timeout: 30_000 }).toBe('good 1');
  expect(app.found).toContain('bad 1');
  expect(await treeOf(target)).toEqual({ ...appSet('good 1'), 'd/kept': 'kept', 'd/gone': 'gone' });
  expect(await markOf(join(target, 'd/kept'))).toBe(before);
  const next = await repository.commit({ ...appSet('good 2'), 'd/kept': 'kept' });
  await expect.poll(async () => (await state())?.good?.revision, { timeout: 30_000 }).toBe(next);
  expect(await treeOf(target)).toEqual({ ...appSet('good 2'), 'd/kept': 'kept' });
  const { stdout } = await run(['status'], settings);
  expect(stdout).toContain(repository.path);
});

test('check names what is in the way, and says how else', async () => {
  const { root, target, settings } = await newVolume();
  const source = await newDirectory(root, { 'app.yaml': 'a' });
  await mkdir(target);
  await writeFile(join(target, 'app.yaml'), 'mine');
  const { code, stdout } = await run(['check'], {
    ...settings,
    WHERRY_SOURCE: 'dir',
    WHERRY_DIR_PATH: source,
  });
  expect(code).toBe(7);
  expect(stdout).toContain(`${join(target, 'app.yaml')} is in the way`);
  expect(stdout).toContain('WHERRY_ADOPT');
  expect(await readdir(target)).toEqual(['app.yaml']);
});

const first: Files = {
  a: '1',
  b: '1',
  same: '1',
  'd/same': '1',
  'd/gone': '1',
  'e/f/g': '1',
  file: '1',
  'dir/x': '1',
};
const second: Files = {
  a: '2',
  b: '1',
  same: '1',
  'd/same': '1',
  'd/new': '2',
  'h/i/j': '2',
  'file/x': '2',
  dir: '2',
};

/** By default what changes something that others see; what only gets it to the disk takes long. */
const kinds: readonly ChangingCall[] =
  process.env['CI'] === undefined
    ? ['rename', 'unlink', 'rmdir']
    : ['rename', 'unlink', 'rmdir', 'mkdir', 'symlink', 'fsync'];

test.skipIf(!hasStrace)(
  'a kill at each step leaves every file whole, and the next start finishes the job',
  { timeout: 900_000 },
  async () => {
    const { root, volume, target, workshop, settings } = await newVolume();
    const from = { WHERRY_SOURCE: 'dir', WHERRY_DIR_PATH: await newDirectory(root, first), ...settings };
    const to = { ...from, WHERRY_DIR_PATH: await newDirectory(root, second) };
    expect((await run(['init'], from)).code).toBe(0);
    const template = join(root, 'template');
    await cp(volume, template, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
    const points: string[] = [];
    const stages = new Set<string>();
    for (const kind of kinds) {
      for (let number = 1; ; number += 1) {
        await rm(volume, { recursive: true });
        await cp(template, volume, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
        const { code } = await startUntilCall(kind, number, ['init'], to).ended;
        if (code === 0) break;
        points.push(`${kind} ${number}`);
        const seen = await treeOf(target);
        stages.add(JSON.stringify(seen));
        for (const [path, content] of Object.entries(seen)) {
          if (!path.endsWith('/'))
            expect([first[path], second[path]], `${path} at ${kind} ${number}`).toContain(content);
        }
        for (const path of ['a', 'b', 'same', 'd/same']) expect(seen).toHaveProperty([path]);
        const { code: ends, stderr } = await run(['init'], to);
        expect(ends, `${kind} ${number}: ${stderr}`).toBe(0);
        expect(await treeOf(target)).toEqual(second);
        const current = await readlink(join(workshop, 'current'));
        expect((await readdir(workshop)).toSorted()).toEqual(['..target', current, 'current'].toSorted());
      }
    }
    console.log(`${points.length} kill points, ${stages.size} stages of the target: ${points.join(', ')}`);
    expect(stages.size).toBeGreaterThan(5);
  },
);

test('the manifest of what is published is beside the target, with the digest of every file', async () => {
  const { root, target, workshop, settings } = await newVolume();
  const source = await newDirectory(root, { a: '1', 'd/b': '2' });
  const { code } = await run(['init'], { ...settings, WHERRY_SOURCE: 'dir', WHERRY_DIR_PATH: source });
  expect(code).toBe(0);
  const manifest: unknown = JSON.parse(await readFile(join(workshop, 'current/.wherry.json'), 'utf8'));
  expect(manifest).toMatchObject({
    sequence: 1,
    files: [
      { path: 'a', size: 1 },
      { path: 'd/b', size: 1 },
    ],
  });
  expect((await stat(join(target, 'a'))).isFile()).toBe(true);
});
