import { readFile, writeFile } from 'node:fs/promises';
import net from 'node:net';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { startGitServer } from '../../src/commands/demo/git-server.ts';
import { readSet, visibleNames } from '../support/engine-bench.ts';
import { localBench } from '../support/local-bench.ts';
import { run, start, stateOf } from '../support/program.ts';
import { ReloadApp } from '../support/reload-app.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const bench = () => localBench();

test('a commit becomes one atomic set and one reload', async () => {
  const { repository, target, settings } = await bench();
  await using app = await ReloadApp.start();
  await repository.commit({ 'app.yaml': 'v: 1', 'rules/a.yaml': 'a' });
  const wherry = start(['run'], { ...settings, WHERRY_RELOAD_URL: app.url().href });
  await expect.poll(() => app.calls.length).toBe(1);
  expect(await readSet(target)).toEqual({ 'app.yaml': 'v: 1', 'rules/a.yaml': 'a' });
  const commit = await repository.commit({ 'app.yaml': 'v: 2', 'rules/b.yaml': 'b' });
  await expect.poll(() => app.calls.length).toBe(2);
  expect(await readSet(target)).toEqual({ 'app.yaml': 'v: 2', 'rules/b.yaml': 'b' });
  expect(await visibleNames(target)).toEqual(['app.yaml', 'rules']);
  expect(app.calls[1]?.headers['x-wherry-revision']).toBe(commit);
  expect(app.calls[1]?.method).toBe('POST');
  const { code } = await wherry.kill('SIGTERM');
  expect(code).toBe(0);
  expect(app.calls).toHaveLength(2);
});

test('a commit whose reload is rejected is rolled back, and the next one is followed', async () => {
  const { repository, target, settings } = await bench();
  await using app = await ReloadApp.start();
  app.usually(async (_request, response) => {
    const text = await readFile(join(target, 'app.yaml'), 'utf8');
    response.writeHead(text.includes('bad') ? 500 : 200).end(`read ${text}`);
  });
  await repository.commit({ 'app.yaml': 'good' });
  const wherry = start(['run'], { ...settings, WHERRY_RELOAD_URL: app.url().href });
  await wherry.says('reload accepted');
  const bad = await repository.commit({ 'app.yaml': 'bad' });
  await wherry.says('rolled back');
  await expect.poll(async () => (await stateOf(target)).targets['url1']?.acknowledged).toBe(3);
  expect(await readSet(target)).toEqual({ 'app.yaml': 'good' });
  const { quarantine, rolledBack } = await stateOf(target);
  expect(quarantine).toMatchObject([{ revision: bad }]);
  expect(rolledBack?.reason).toContain('500');
  expect(rolledBack?.reason).toContain('read bad');
  await repository.commit({ 'app.yaml': 'better' });
  await expect.poll(() => readSet(target)).toEqual({ 'app.yaml': 'better' });
  await expect.poll(async () => (await stateOf(target)).quarantine).toBeUndefined();
});

test('a reload is delivered when the application comes up, however late', async () => {
  const { repository, settings } = await bench();
  await repository.commit({ a: '1' });
  const reserved = await ReloadApp.start();
  const url = reserved.url();
  await reserved[Symbol.asyncDispose]();
  const wherry = start(['run'], { ...settings, WHERRY_RELOAD_URL: url.href });
  await wherry.says('not delivered yet: not-up');
  await using app = await ReloadApp.start({ port: Number(url.port) });
  await wherry.says('reload accepted');
  expect(app.calls).toHaveLength(1);
});

test('the sentinel tells a file watcher revision and sequence', async () => {
  const { repository, target, settings } = await bench();
  const first = await repository.commit({ a: '1' });
  start(['run'], { ...settings, WHERRY_SENTINEL: '.reloaded' });
  const read = async () => JSON.parse(await readFile(join(target, '.reloaded'), 'utf8').catch(() => '{}'));
  await expect.poll(read).toMatchObject({ revision: first, sequence: 1, previous: null });
  const second = await repository.commit({ a: '2' });
  await expect.poll(read).toMatchObject({ revision: second, sequence: 2, previous: first });
});

test('SIGHUP makes the next look happen now', async () => {
  const { repository, target, settings } = await bench();
  await using server = await startGitServer({ root: dirname(repository.path), env: process.env });
  await repository.commit({ a: '1' });
  const remote = { ...settings, WHERRY_GIT_REPO: `${server.url}/repo.git`, WHERRY_POLL_INTERVAL: '1h' };
  const wherry = start(['run'], remote);
  await wherry.says('published');
  await repository.commit({ a: '2' });
  wherry.child.kill('SIGHUP');
  await expect.poll(() => readSet(target)).toEqual({ a: '2' });
});

describe('SIGTERM ends with 0 within five seconds', () => {
  test('or kills at once, at whatever moment of its start it comes', async () => {
    const { repository, settings } = await bench();
    await repository.commit({ a: '1' });
    for (let delay = 60; delay < 420; delay += 20) {
      const wherry = start(['run'], { ...settings, WHERRY_LOG_LEVEL: 'silent' });
      await new Promise((resolve) => setTimeout(resolve, delay));
      const started = performance.now();
      const { code, signal } = await wherry.kill('SIGTERM');
      // Before there is a program that could listen, the kernel does what is asked.
      expect(code === 0 || signal === 'SIGTERM').toBe(true);
      expect(performance.now() - started).toBeLessThan(5000);
    }
  });

  test('while a Git server hangs', async () => {
    const { settings } = await bench();
    await using server = await hangingServer();
    const wherry = start(['run'], { ...settings, WHERRY_GIT_REPO: server.url });
    await expect.poll(() => server.connections).toBeGreaterThan(0);
    const started = performance.now();
    expect((await wherry.kill('SIGTERM')).code).toBe(0);
    expect(performance.now() - started).toBeLessThan(5000);
  });

  test('while a reload call hangs', async () => {
    const { repository, settings } = await bench();
    await using app = await ReloadApp.start();
    app.usually({ fault: 'hang' });
    await repository.commit({ a: '1' });
    const wherry = start(['run'], { ...settings, WHERRY_RELOAD_URL: app.url().href });
    await expect.poll(() => app.calls.length).toBe(1);
    const started = performance.now();
    expect((await wherry.kill('SIGTERM')).code).toBe(0);
    expect(performance.now() - started).toBeLessThan(5000);
  });
});

test('WHERRY_MAX_FAILURES ends the sidecar with the exit code of the failure', async () => {
  const { settings } = await bench();
  const gone = { ...settings, WHERRY_GIT_REPO: '/nowhere/repo.git', WHERRY_MAX_FAILURES: '2' };
  const { code, stderr } = await run(['run'], gone);
  expect(code).toBe(4);
  expect(stderr).toContain('WHERRY_GIT_REPO');
});

test('a value that comes from a file is used anew when the file changes', async () => {
  const { repository, target, settings } = await bench();
  await repository.commit({ a: 'main' });
  await repository.commit({ a: 'next' }, 'next');
  const file = join(await temporaryDirectory(), 'ref');
  await writeFile(file, 'main\n');
  start(['run'], { ...settings, WHERRY_GIT_REF_FILE: file });
  await expect.poll(() => readSet(target)).toEqual({ a: 'main' });
  await writeFile(file, 'next\n');
  await expect.poll(() => readSet(target)).toEqual({ a: 'next' });
});

/** Accepts every connection, and says nothing. */
async function hangingServer() {
  const sockets = new Set<net.Socket>();
  const counter = { connections: 0 };
  const server = net.createServer((socket) => {
    counter.connections += 1;
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as net.AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/repo.git`,
    get connections() {
      return counter.connections;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
