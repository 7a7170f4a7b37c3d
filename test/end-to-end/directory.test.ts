import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { AtomicWriter } from '../support/atomic-writer.ts';
import { readSet } from '../support/engine-bench.ts';
import { eventlessDirectory, hasBindfs } from '../support/mounts.ts';
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

test('a swap of a ConfigMap volume becomes one set and one reload, by its event', async () => {
  const { path, target, settings } = await bench();
  await using app = await ReloadApp.start();
  const volume = new AtomicWriter(path);
  await volume.write({ 'app.yaml': 'v: 1', 'rules.yaml': 'r: 1', 'tls/tls.crt': 'c: 1' });
  const wherry = start(['run'], { ...settings, WHERRY_RELOAD_URL: app.url().href });
  await expect.poll(() => app.calls.length).toBe(1);
  await volume.write({ 'app.yaml': 'v: 2', 'rules.yaml': 'r: 2', 'tls/tls.crt': 'c: 2' });
  await expect.poll(() => app.calls.length).toBe(2);
  expect(await readSet(target)).toEqual({ 'app.yaml': 'v: 2', 'rules.yaml': 'r: 2', 'tls/tls.crt': 'c: 2' });
  // Keys come and go, in one swap too.
  await volume.write({ 'app.yaml': 'v: 2', 'tls/tls.crt': 'c: 3', 'tls/tls.key': 'k: 3' });
  await expect.poll(() => app.calls.length).toBe(3);
  expect(await readSet(target)).toEqual({ 'app.yaml': 'v: 2', 'tls/tls.crt': 'c: 3', 'tls/tls.key': 'k: 3' });
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

describe.skipIf(!hasBindfs)('a network file system, which tells nothing', () => {
  async function mounted() {
    const { target, settings } = await bench();
    const volume = await eventlessDirectory();
    await writeFile(join(volume.behind, 'app.yaml'), 'v: 1');
    const wherry = start(['run'], {
      ...settings,
      WHERRY_DIR_PATH: volume.path,
      WHERRY_POLL_INTERVAL: '200ms',
    });
    await wherry.says('published');
    return { target, volume, wherry };
  }

  test('is seen to change by the poll', async () => {
    const { target, volume } = await mounted();
    await writeFile(join(volume.behind, 'app.yaml'), 'v: 2');
    await expect.poll(() => readSet(target), { timeout: 20_000 }).toEqual({ 'app.yaml': 'v: 2' });
  });

  test('whose server goes keeps what is published, says so, and is read again when it is mounted anew', async () => {
    const { target, volume, wherry } = await mounted();
    await volume.breakOff();
    const { message } = await wherry.says('ENOTCONN');
    expect(message).toContain(`WHERRY_DIR_PATH: ${volume.path} could not be read (ENOTCONN)`);
    expect(message).toContain('mount the volume anew');
    expect(await readSet(target)).toEqual({ 'app.yaml': 'v: 1' });
    await writeFile(join(volume.behind, 'app.yaml'), 'v: 2');
    await volume.mountAgain();
    await expect.poll(() => readSet(target), { timeout: 40_000 }).toEqual({ 'app.yaml': 'v: 2' });
  });

  test('that is not mounted where it was leaves an empty directory, which is no set', async () => {
    const { target, volume, wherry } = await mounted();
    spawnSync('umount', ['-l', volume.path]);
    expect((await wherry.says('refused'))['reason']).toContain('the set is empty');
    expect(await readSet(target)).toEqual({ 'app.yaml': 'v: 1' });
  });
});
