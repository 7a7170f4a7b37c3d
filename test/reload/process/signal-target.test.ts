import { once } from 'node:events';
import { describe, expect, test, vi } from 'vitest';
import { readProcesses } from '../../../src/reload/process/process-table.ts';
import { createTargets } from '../../../src/reload/targets.ts';
import { Haproxy, hasHaproxy } from '../../support/haproxy.ts';
import { startScript } from '../../support/named-script.ts';
import { hasNginx, Nginx } from '../../support/nginx.ts';
import { context, settingsOf } from '../context.ts';

const never = new AbortController().signal;

/** The signal of a preset, sent to a process of that name. */
function tell(preset: string, name: string, { timeout = '20s', overtaken = never, more = {} } = {}) {
  const settings = settingsOf({
    WHERRY_RELOAD_PRESET: preset,
    WHERRY_RELOAD_PROCESS: name,
    WHERRY_RELOAD_TIMEOUT: timeout,
    ...more,
  });
  const targets = createTargets({ settings, targetDir: '/nowhere', stateDir: '/nowhere', env: {} });
  expect(targets.map((target) => target.name)).toEqual(['signal']);
  return targets[0]?.reload(context, never, overtaken);
}

describe.skipIf(!hasNginx)('the preset of nginx', () => {
  test('takes new workers for a yes', async () => {
    await using nginx = await Nginx.start('one');
    await nginx.configure('two');
    expect(await tell('nginx', nginx.name)).toEqual({ class: 'accepted' });
    await nginx.answersWith('two');
  });

  test('takes their absence for a no, and the next good set is taken', async () => {
    await using nginx = await Nginx.start('one');
    await nginx.configure('two', 'bogus;');
    expect(await tell('nginx', nginx.name, { timeout: '1s' })).toMatchObject({
      class: 'rejected',
      detail: expect.stringContaining("WHERRY_VALIDATE_EXEC='nginx -t -c {staged}/nginx.conf'"),
    });
    expect(await nginx.get()).toBe('one');
    await nginx.configure('three');
    expect(await tell('nginx', nginx.name)).toEqual({ class: 'accepted' });
  });

  test('waits no longer when a newer set is there', async () => {
    await using nginx = await Nginx.start('one');
    await nginx.configure('two', 'bogus;');
    expect(await tell('nginx', nginx.name, { overtaken: AbortSignal.abort() })).toEqual({
      class: 'busy',
      detail: 'overtaken by a newer set',
    });
  });

  test('says that a master which was killed meanwhile is not up', async () => {
    await using nginx = await Nginx.start('one');
    await nginx.configure('two', 'bogus;');
    const answer = tell('nginx', nginx.name);
    await vi.waitFor(async () => expect(await nginx.errors()).toContain('[emerg]'), 10_000);
    // Nobody else ends a worker whose master was killed.
    const workers = readProcesses().filter(({ parent }) => parent === nginx.masterPid);
    process.kill(nginx.masterPid, 'SIGKILL');
    for (const { pid } of workers) process.kill(pid, 'SIGKILL');
    expect(await answer).toMatchObject({
      class: 'not-up',
      detail: expect.stringContaining('has ended after SIGHUP'),
    });
  });
});

describe.skipIf(!hasHaproxy)('the preset of HAProxy', () => {
  test('takes new workers for a yes, under a master that starts itself again', async () => {
    await using haproxy = await Haproxy.start('one');
    await haproxy.configure('two');
    expect(await tell('haproxy', haproxy.name)).toEqual({ class: 'accepted' });
    await haproxy.answersWith('two');
  });

  test('takes their absence for a no, and the next good set is taken', async () => {
    await using haproxy = await Haproxy.start('one');
    await haproxy.configure('two', 'bogus');
    expect(await tell('haproxy', haproxy.name, { timeout: '1s' })).toMatchObject({
      class: 'rejected',
      detail: expect.stringContaining('HAProxy cannot load the set'),
    });
    expect(await haproxy.get()).toBe('one');
    await haproxy.configure('three');
    expect(await tell('haproxy', haproxy.name)).toEqual({ class: 'accepted' });
    await haproxy.answersWith('three');
  });
});

describe('the preset of the OpenTelemetry Collector', () => {
  test('takes a process that lives on for a yes', async () => {
    const { name, said } = await startScript('trap "echo reloaded" HUP');
    expect(await tell('otelcol', name, { timeout: '500ms' })).toEqual({ class: 'accepted' });
    expect(said).toContain('reloaded');
  });

  test('takes one that ends for a no', async () => {
    const { name, child } = await startScript('trap "sleep 0.2; exit 1" HUP');
    const exited = once(child, 'exit');
    expect(await tell('otelcol', name)).toMatchObject({
      class: 'rejected',
      detail: expect.stringContaining(
        "WHERRY_VALIDATE_EXEC='otelcol validate --config={staged}/config.yaml'",
      ),
    });
    expect(await exited).toEqual([1, null]);
  });
});

test('the preset of Traefik sends SIGHUP and waits for nothing', async () => {
  const { name, said } = await startScript('trap "echo reloaded; exit" HUP');
  expect(await tell('traefik', name)).toEqual({ class: 'accepted' });
  await vi.waitFor(() => expect(said).toContain('reloaded'), 10_000);
});

test('another signal than the preset’s own is not waited for', async () => {
  const { name, said } = await startScript('trap "echo reopened" USR1');
  const more = { WHERRY_RELOAD_SIGNAL: 'USR1' };
  expect(await tell('nginx', name, { more })).toEqual({ class: 'accepted' });
  await vi.waitFor(() => expect(said).toContain('reopened'), 10_000);
});
