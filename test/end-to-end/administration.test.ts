import { access, mkdir, readFile, writeFile } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { startGitServer } from '../../src/commands/demo/git-server.ts';
import { readSet } from '../support/engine-bench.ts';
import { ask, freePort } from '../support/http-client.ts';
import { localBench } from '../support/local-bench.ts';
import { run, start } from '../support/program.ts';
import { ReloadApp } from '../support/reload-app.ts';
import { temporaryDirectory } from '../support/temporary.ts';

async function bench() {
  const port = await freePort();
  const local = await localBench({ WHERRY_ADMIN_ADDRESS: `127.0.0.1:${port}` });
  return { ...local, admin: `http://127.0.0.1:${port}` };
}

test('startupz turns well with the first set, readyz with its acknowledgement, livez needs neither', async () => {
  const { repository, settings, admin } = await bench();
  await using app = await ReloadApp.start();
  app.usually({ status: 503 });
  start(['run'], { ...settings, WHERRY_RELOAD_URL: app.url().href });
  await expect.poll(async () => (await ask(`${admin}/livez`)).status).toBe(200);
  const empty = await ask(`${admin}/startupz`);
  expect(empty).toMatchObject({ status: 503, body: expect.stringContaining('no set is published yet') });
  await repository.commit({ a: '1' });
  await expect.poll(async () => (await ask(`${admin}/startupz`)).status).toBe(200);
  await expect.poll(async () => (await ask(`${admin}/readyz`)).body).toContain('503');
  expect((await ask(`${admin}/readyz`)).status).toBe(503);
  app.usually({ status: 200 });
  await expect.poll(async () => (await ask(`${admin}/readyz`)).status).toBe(200);
});

test('wherry healthcheck asks the running sidecar', async () => {
  const { repository, settings } = await bench();
  const before = await run(['healthcheck', 'livez'], settings);
  expect(before.code).toBe(1);
  expect(before.stdout).toContain('is the sidecar running?');
  await repository.commit({ a: '1' });
  const wherry = start(['run'], settings);
  await wherry.says('published');
  await expect.poll(async () => (await run(['healthcheck', 'readyz'], settings)).code).toBe(0);
  expect((await run(['healthcheck', 'wellz'], settings)).code).toBe(2);
});

test('metrics and status tell what is published', async () => {
  const { repository, settings, admin, target } = await bench();
  const commit = await repository.commit({ a: '12', 'b/c': '345' });
  const wherry = start(['run'], settings);
  await wherry.says('published');
  await expect.poll(async () => (await ask(`${admin}/metrics`)).status).toBe(200);
  const { body } = await ask(`${admin}/metrics`);
  expect(body).toContain(`wherry_published_info{revision="${commit}"} 1`);
  expect(body).toContain('wherry_published_files 2');
  expect(body).toContain('wherry_published_bytes 5');
  expect(body).toMatch(/wherry_syncs_total\{result="published"\} 1/);
  const status = JSON.parse((await ask(`${admin}/status`)).body);
  expect(status).toMatchObject({ published: { revision: commit, sequence: 1 }, pending: false });
  const printed = await run(['status', '--json'], { WHERRY_TARGET: target });
  expect(JSON.parse(printed.stdout)).toMatchObject({ published: { revision: commit, sequence: 1 } });
  const page = await ask(`${admin}/`);
  expect(page.body).toContain(commit);
});

test('status tells from the state file what a stopped sidecar did', async () => {
  const { repository, settings, target } = await bench();
  const commit = await repository.commit({ a: '1' });
  await run(['init'], settings);
  const { code, stdout } = await run(['status'], { WHERRY_TARGET: target });
  expect(code).toBe(0);
  expect(stdout).toContain(commit);
  const nothing = await run(['status'], { WHERRY_TARGET: await temporaryDirectory() });
  expect(nothing.code).toBe(2);
  expect(nothing.stderr).toContain('WHERRY_TARGET');
});

test('POST /sync with the token makes the next look happen now', async () => {
  const { repository, settings, admin, target } = await bench();
  await using server = await startGitServer({ root: dirname(repository.path), env: process.env });
  await repository.commit({ a: '1' });
  const remote = {
    ...settings,
    WHERRY_GIT_REPO: `${server.url}/repo.git`,
    WHERRY_POLL_INTERVAL: '1h',
    WHERRY_ADMIN_TOKEN: 'let-me-in',
  };
  const wherry = start(['run'], remote);
  await wherry.says('published');
  await repository.commit({ a: '2' });
  await expect.poll(async () => (await ask(`${admin}/sync`, { method: 'POST' })).status).toBe(401);
  expect(await readSet(target)).toEqual({ a: '1' });
  const headers = { authorization: 'Bearer let-me-in' };
  expect((await ask(`${admin}/sync`, { method: 'POST', headers })).status).toBe(202);
  await expect.poll(() => readSet(target)).toEqual({ a: '2' });
});

test('a taken port is a warning, and the sidecar goes on', async () => {
  const { repository, settings, target } = await bench();
  const taken = http.createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  try {
    const { port } = taken.address() as AddressInfo;
    await repository.commit({ a: '1' });
    const wherry = start(['run'], { ...settings, WHERRY_ADMIN_ADDRESS: `127.0.0.1:${port}` });
    const line = await wherry.says('is taken');
    expect(line.level).toBe('warn');
    await repository.commit({ a: '2' });
    await expect.poll(() => readSet(target)).toEqual({ a: '2' });
  } finally {
    taken.close();
  }
});

test('check proves settings, source and target, and leaves nothing behind', async () => {
  const { repository, settings, target } = await bench();
  const commit = await repository.commit({ a: '1' });
  const good = await run(['check'], settings);
  expect(good.code).toBe(0);
  expect(good.stdout).toContain(commit);
  await expect(access(target)).rejects.toThrow('ENOENT');
  const wrong = await run(['check', '--json'], { ...settings, WHERRY_GIT_REF: 'gone' });
  expect(wrong.code).toBe(4);
  expect(JSON.parse(wrong.stdout)).toMatchObject({
    ok: false,
    findings: [
      { check: 'settings', ok: true },
      { check: 'source', ok: false, message: expect.stringContaining('WHERRY_GIT_REF') },
      { check: 'target', ok: true },
    ],
  });
});

test.each([
  ['a path that is not in the repository', { WHERRY_GIT_PATH: 'nodir' }, 4, 'WHERRY_GIT_PATH'],
  ['a required file that the set lacks', { WHERRY_REQUIRE: 'x.json' }, 6, 'WHERRY_REQUIRE'],
  ['a sentinel with the name of a published file', { WHERRY_SENTINEL: 'a' }, 6, 'WHERRY_SENTINEL'],
])('check finds %s, as init would', async (_, wrong, code, named) => {
  const { repository, settings } = await bench();
  await repository.commit({ a: '1' });
  const checked = await run(['check'], { ...settings, ...wrong });
  expect(checked.code).toBe(code);
  expect(checked.stdout).toContain(`FAIL source   ${named}`);
  expect((await run(['init'], { ...settings, ...wrong, WHERRY_INIT_TIMEOUT: '3s' })).code).toBe(code);
});

test.each(['a', '..data', '..wherry'])(
  'check finds a foreign file called %s, as init would',
  async (name) => {
    const { repository, settings, target } = await bench();
    await repository.commit({ a: '1' });
    await mkdir(target);
    await writeFile(join(target, name), 'mine');
    const checked = await run(['check'], settings);
    expect(checked.code).toBe(7);
    expect(checked.stdout).toContain('FAIL target');
    expect((await run(['init'], settings)).code).toBe(7);
    expect(await readFile(join(target, name), 'utf8')).toBe('mine');
  },
);

test('run refuses WHERRY_MODE=init', async () => {
  const { settings } = await bench();
  const { code, stderr } = await run(['run'], { ...settings, WHERRY_MODE: 'init' });
  expect(code).toBe(2);
  expect(stderr).toContain('WHERRY_MODE: it is init, and the command is run');
});
