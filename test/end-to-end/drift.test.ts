import { readFileSync } from 'node:fs';
import { chmod, lstat, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { realRoot } from '../support/drift-bench.ts';
import { readSet } from '../support/engine-bench.ts';
import { localBench } from '../support/local-bench.ts';
import { freePorts } from '../support/ports.ts';
import { run, start, stateOf } from '../support/program.ts';
import { ReloadApp } from '../support/reload-app.ts';

const timeout = 30_000;
const files = { 'app.conf': 'one\n', 'conf.d/a.conf': 'a\n', 'conf.d/b.conf': 'b\n' };

/** A sidecar that polls once an hour: what happens, happens by the watch. */
async function running(settings: Readonly<Record<string, string>> = {}) {
  const app = await ReloadApp.start();
  onTestFinished(() => app[Symbol.asyncDispose]());
  const bench = await localBench({
    WHERRY_POLL_INTERVAL: '1h',
    WHERRY_RELOAD_URL: app.url().href,
    ...settings,
  });
  const { repository, target } = bench;
  await repository.commit(files);
  const all = { ...bench.settings, ...settings };
  const begin = () => start(['run'], all);
  const wherry = begin();
  await wherry.says('reload accepted', timeout);
  const root = await realRoot(settings['WHERRY_PUBLISH'] === 'rename' ? 'rename' : 'symlink', target);
  return { ...bench, settings: all, app, wherry, begin, root };
}

/** Waits until the check after the start is over. */
async function settled(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 1500));
}

describe.each(['symlink', 'rename'])('in %s mode', (mode) => {
  test('whatever is done to the published files is undone, and each repair is told exactly once', async () => {
    const { root, app, wherry } = await running({ WHERRY_PUBLISH: mode });
    await settled();
    const deeds = [
      () => writeFile(join(root, 'app.conf'), 'edited'),
      () => rm(join(root, 'conf.d/a.conf')),
      async () => {
        await writeFile(join(root, '..new'), 'replaced');
        await rename(join(root, '..new'), join(root, 'conf.d/b.conf'));
      },
      () => rm(join(root, 'conf.d'), { recursive: true }),
      () => chmod(join(root, 'app.conf'), 0o666),
    ];
    for (const [index, deed] of deeds.entries()) {
      await deed();
      await expect.poll(() => app.calls.length, { timeout }).toBe(index + 2);
      for (const [path, content] of Object.entries(files))
        expect(await readFile(join(root, path), 'utf8')).toBe(content);
      expect((await lstat(join(root, 'app.conf'))).mode & 0o777).toBe(0o644);
    }
    await settled();
    expect(app.calls).toHaveLength(deeds.length + 1);
    const lines = wherry.log.filter(({ message }) => message.startsWith('put back what something else'));
    expect(lines.flatMap(({ paths }) => paths)).toEqual([
      'app.conf',
      'conf.d/a.conf',
      'conf.d/b.conf',
      'conf.d/a.conf',
      'conf.d/b.conf',
      'app.conf',
    ]);
  });

  test('a target that is wiped comes back at once', async () => {
    const { target, wherry, root, app } = await running({ WHERRY_PUBLISH: mode });
    await settled();
    for (const name of await readdir(target)) await rm(join(target, name), { recursive: true, force: true });
    await wherry.says('it is published anew', timeout);
    await expect.poll(() => app.calls.length, { timeout }).toBe(2);
    expect(await readFile(join(target, 'app.conf'), 'utf8')).toBe('one\n');
    expect(root).toContain(target);
  });
});

test('a visible link that is deleted comes back at once', async () => {
  const { target, app } = await running();
  await settled();
  await rm(join(target, 'conf.d'));
  await expect.poll(() => app.calls.length, { timeout }).toBe(2);
  expect(await readFile(join(target, 'conf.d/a.conf'), 'utf8')).toBe('a\n');
});

test('what is published comes back when its source is gone for a while', async () => {
  const { repository, root, wherry, app } = await running();
  await settled();
  await rename(repository.path, `${repository.path}.away`);
  await writeFile(join(root, 'app.conf'), 'edited');
  // The clone in the state directory has it: a repair need not reach the repository, if Git needs not.
  await wherry.says('put back', timeout).catch(() => undefined);
  await rename(`${repository.path}.away`, repository.path);
  await expect.poll(() => readFile(join(root, 'app.conf'), 'utf8'), { timeout: 90_000 }).toBe('one\n');
  await expect.poll(() => app.calls.length, { timeout }).toBe(2);
}, 120_000);

test('a writer that never rests is put right ever more slowly, at little cost, and is named', async () => {
  const [port] = await freePorts(1);
  const { root, wherry, app } = await running({ WHERRY_ADMIN_ADDRESS: `127.0.0.1:${port}` });
  await settled();
  const from = cpuOf(wherry.child.pid ?? 0);
  let count = 0;
  const writer = setInterval(() => {
    count += 1;
    void writeFile(join(root, 'app.conf'), `mine ${count}`).catch(() => undefined);
  }, 10);
  onTestFinished(() => clearInterval(writer));
  await wherry.says('something else keeps writing app.conf', timeout);
  await new Promise((resolve) => setTimeout(resolve, 5000));
  clearInterval(writer);
  const spent = cpuOf(wherry.child.pid ?? 0) - from;
  expect(app.calls.length).toBeLessThanOrEqual(5);
  console.log(`${count} writes: ${app.calls.length - 1} repairs, ${spent} ms of CPU`);
  expect(spent).toBeLessThan(4000);
  const status = await (await fetch(`http://127.0.0.1:${port}/status`)).json();
  expect(status).toMatchObject({ drift: { repairs: 3, contested: { path: 'app.conf', paths: 1 } } });
  const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  expect(metrics).toContain('wherry_drift_repairs_total 3');
  const page = await (await fetch(`http://127.0.0.1:${port}/`)).text();
  expect(page).toContain('something else keeps writing app.conf');
}, 60_000);

test('kills in the middle of repairs lose neither a file nor a reload', async () => {
  const bench = await running();
  const { target, begin, app } = bench;
  let { wherry } = bench;
  await settled();
  for (let kill = 0; kill < 12; kill += 1) {
    const root = await realRoot('symlink', target);
    await writeFile(join(root, 'app.conf'), `edited ${kill}`);
    await rm(join(root, 'conf.d/a.conf'));
    await new Promise((resolve) => setTimeout(resolve, 95 + Math.random() * 60));
    await wherry.kill('SIGKILL');
    wherry = begin();
    await expect.poll(() => readSet(target), { timeout }).toEqual(files);
    const isTaken = async () => {
      const { published, targets } = await stateOf(target);
      return targets['url1']?.acknowledged === published?.sequence;
    };
    await expect.poll(isTaken, { timeout }).toBe(true);
    await settled();
  }
  expect(app.calls.length).toBeGreaterThan(12);
}, 240_000);

test('init puts back what was edited', async () => {
  const { target, settings, wherry, root } = await running();
  await wherry.kill('SIGTERM');
  await writeFile(join(root, 'app.conf'), 'edited');
  expect((await run(['init'], settings)).code).toBe(0);
  expect(await readFile(join(target, 'app.conf'), 'utf8')).toBe('one\n');
});

test('told to ignore it, it is left alone', async () => {
  const { root, app } = await running({ WHERRY_DRIFT: 'ignore' });
  await settled();
  await writeFile(join(root, 'app.conf'), 'edited');
  await settled();
  expect(await readFile(join(root, 'app.conf'), 'utf8')).toBe('edited');
  expect(app.calls).toHaveLength(1);
});

/** Milliseconds of CPU that a process has used. */
function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
