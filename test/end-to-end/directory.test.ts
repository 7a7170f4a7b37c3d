import { mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readSet } from '../support/engine-bench.ts';
import { run, start, stateOf } from '../support/program.ts';
import { ReloadApp } from '../support/reload-app.ts';
import { temporaryDirectory } from '../support/temporary.ts';

async function bench() {
  const path = await temporaryDirectory();
  const target = await temporaryDirectory();
  // Only events can be as quick as these tests.
  const settings = {
    WHERRY_SOURCE: 'dir',
    WHERRY_DIR_PATH: path,
    WHERRY_TARGET: target,
    WHERRY_POLL_INTERVAL: '1h',
  };
  return { path, target, settings };
}

async function swap(
  path: string,
  generation: string,
  files: Readonly<Record<string, string>>,
): Promise<void> {
  await mkdir(join(path, generation));
  for (const [name, content] of Object.entries(files)) {
    await writeFile(join(path, generation, name), content);
    await symlink(join('..data', name), join(path, name)).catch(() => undefined);
  }
  await symlink(generation, join(path, '..data_tmp'));
  await rename(join(path, '..data_tmp'), join(path, '..data'));
}

test('a swap of a ConfigMap volume becomes one set and one reload, by its event', async () => {
  const { path, target, settings } = await bench();
  await using app = await ReloadApp.start();
  await swap(path, '..2026_11_22_10_00_00.1', { 'app.yaml': 'v: 1', 'rules.yaml': 'r: 1' });
  const wherry = start(['run'], { ...settings, WHERRY_RELOAD_URL: app.url().href });
  await expect.poll(() => app.calls.length).toBe(1);
  await swap(path, '..2026_11_22_10_00_00.2', { 'app.yaml': 'v: 2', 'rules.yaml': 'r: 2' });
  await expect.poll(() => app.calls.length).toBe(2);
  expect(await readSet(target)).toEqual({ 'app.yaml': 'v: 2', 'rules.yaml': 'r: 2' });
  await swap(path, '..2026_11_22_10_00_00.3', { 'app.yaml': 'v: 2', 'rules.yaml': 'r: 2' });
  await swap(path, '..2026_11_22_10_00_00.4', { 'app.yaml': 'v: 4', 'rules.yaml': 'r: 2' });
  await expect.poll(() => app.calls.length).toBe(3);
  expect((await stateOf(target)).sequence).toBe(3);
  expect((await wherry.kill('SIGTERM')).code).toBe(0);
});

test('a file that is edited by hand is published when it is quiet', async () => {
  const { path, target, settings } = await bench();
  await writeFile(join(path, 'app.yaml'), 'v: 1');
  const wherry = start(['run'], settings);
  await wherry.says('published');
  await expect.poll(() => readSet(target)).toEqual({ 'app.yaml': 'v: 1' });
  await writeFile(join(path, 'app.yaml'), 'v: 2');
  await expect.poll(() => readSet(target)).toEqual({ 'app.yaml': 'v: 2' });
});

test('init reads a directory once, and names one that is not mounted', async () => {
  const { path, target, settings } = await bench();
  await writeFile(join(path, 'app.yaml'), 'v: 1');
  expect((await run(['init'], settings)).code).toBe(0);
  expect(await readSet(target)).toEqual({ 'app.yaml': 'v: 1' });
  const missing = join(path, 'nothing');
  const wrong = { ...settings, WHERRY_DIR_PATH: missing, WHERRY_INIT_TIMEOUT: '3s' };
  const ended = await run(['init'], wrong);
  expect(ended.code).toBe(4);
  expect(ended.stderr).toContain(`WHERRY_DIR_PATH: "${missing}" is not there`);
});
