import { type SpawnOptions, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { signalProcess } from '../../../src/reload/process/process-signal.ts';
import { readProcesses } from '../../../src/reload/process/process-table.ts';
import { createTargets } from '../../../src/reload/targets.ts';
import { startScript, stopChild, uniqueName } from '../../support/named-script.ts';
import { hasNginx, Nginx } from '../../support/nginx.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { context, settingsOf } from '../context.ts';

/** What another process makes of it. */
async function signalFromChild(name: string, options: SpawnOptions): Promise<unknown> {
  const [module, wanted] = [resolve('src/reload/process/process-signal.ts'), name].map((text) =>
    JSON.stringify(text),
  );
  const code = `const { signalProcess } = await import(${module}); console.log(JSON.stringify(signalProcess(${wanted}, 'SIGHUP')))`;
  const args = ['--input-type=module', '-e', code];
  const child = spawn(process.execPath, args, { ...options, stdio: ['ignore', 'pipe', 'ignore'] });
  let output = '';
  for await (const chunk of child.stdout?.setEncoding('utf8') ?? []) output += chunk;
  return JSON.parse(output);
}

describe('a process in the shared PID namespace', () => {
  test('gets the signal', async () => {
    const { name, said } = await startScript('trap "echo reloaded" HUP');
    expect(signalProcess(name, 'SIGHUP')).toEqual({ class: 'accepted' });
    await vi.waitFor(() => expect(said).toContain('reloaded'));
  });

  test('gets it through the target of the settings', async () => {
    const { name, said } = await startScript('trap "echo reloaded" USR1');
    const settings = settingsOf({ WHERRY_RELOAD_SIGNAL: 'SIGUSR1', WHERRY_RELOAD_PROCESS: name });
    const [target] = createTargets({ settings, targetDir: '/nowhere', stateDir: '/nowhere', env: {} });
    expect(target).toMatchObject({ name: 'signal', identity: `SIGUSR1 ${name}` });
    expect(await target?.reload(context, new AbortController().signal)).toEqual({ class: 'accepted' });
    await vi.waitFor(() => expect(said).toContain('reloaded'));
  });

  test('that has no handler yet is left alive', async () => {
    const { name, child } = await startScript('');
    expect(signalProcess(name, 'SIGHUP')).toMatchObject({
      class: 'not-up',
      detail: expect.stringContaining('no handler for SIGHUP'),
    });
    expect(child.signalCode).toBeNull();
  });

  test('that is to end gets SIGTERM without a handler', async () => {
    const { name, child } = await startScript('');
    const exited = once(child, 'exit');
    expect(signalProcess(name, 'SIGTERM')).toEqual({ class: 'accepted' });
    expect(await exited).toEqual([null, 'SIGTERM']);
  });

  test('that ended, and that its parent has not looked after, is not there', async () => {
    const directory = await temporaryDirectory();
    const name = uniqueName();
    await copyFile('/bin/sleep', join(directory, name));
    const parent = spawn('bash', ['-c', '"$0" 0.3 & exec sleep 60', join(directory, name)], {
      stdio: 'ignore',
    });
    onTestFinished(() => stopChild(parent));
    const stateOf = () => spawnSync('ps', ['-o', 'stat=', '-C', name], { encoding: 'utf8' }).stdout.trim();
    await vi.waitFor(() => expect(stateOf()).toMatch(/^Z/), 10_000);
    expect(signalProcess(name, 'SIGHUP')).toMatchObject({ detail: expect.stringContaining('no process') });
  });

  test('that is not there is not up', () => {
    expect(signalProcess('no-such-program', 'SIGHUP')).toMatchObject({
      class: 'not-up',
      detail: expect.stringContaining('no process "no-such-program" is running'),
    });
  });

  test('of a name that unrelated programs share is not guessed', async () => {
    const first = await startScript('trap "echo reloaded" HUP', { session: true });
    const second = await startScript('trap "echo reloaded" HUP', { name: first.name, session: true });
    expect(signalProcess(first.name, 'SIGHUP')).toMatchObject({
      class: 'misconfigured',
      detail: expect.stringContaining(`pids ${first.pid}, ${second.pid}`),
    });
  });

  test('is never the program that signals', async () => {
    const name = uniqueName();
    expect(await signalFromChild(name, { argv0: name })).toMatchObject({
      detail: expect.stringContaining('no process'),
    });
  });
});

const isRoot = process.geteuid?.() === 0;

test.skipIf(!isRoot)('a process of another user is named with both users and the cure', async () => {
  const { name } = await startScript('trap "echo reloaded" HUP');
  expect(await signalFromChild(name, { uid: 65_534, gid: 65_534 })).toMatchObject({
    class: 'misconfigured',
    detail: expect.stringMatching(/of UID 0 may not be signalled by UID 65534; .*runAsUser.*KILL/),
  });
});

test('kernel threads are no processes', () => {
  expect(readProcesses().filter(({ name }) => name === 'kthreadd')).toEqual([]);
});

describe.skipIf(!hasNginx)('nginx', () => {
  test('serves the new configuration after the signal to its master', async () => {
    await using nginx = await Nginx.start('one');
    await nginx.configure('two');
    expect(signalProcess(nginx.name, 'SIGHUP')).toEqual({ class: 'accepted' });
    await nginx.answersWith('two');
  });

  test('is found by its path', async () => {
    await using nginx = await Nginx.start('one');
    await nginx.configure('two');
    expect(signalProcess(nginx.executable, 'SIGHUP')).toEqual({ class: 'accepted' });
    await nginx.answersWith('two');
  });

  test('keeps what it serves when the new configuration is bad, and the signal cannot tell', async () => {
    await using nginx = await Nginx.start('one');
    await nginx.configure('two', 'bogus;');
    expect(signalProcess(nginx.name, 'SIGHUP')).toEqual({ class: 'accepted' });
    await expect.poll(() => nginx.errors(), { timeout: 10_000 }).toContain('[emerg]');
    expect(await nginx.get()).toBe('one');
  });
});
