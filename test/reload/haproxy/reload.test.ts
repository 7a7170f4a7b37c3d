import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { reloadOverCli } from '../../../src/reload/haproxy/reload.ts';
import { createTargets } from '../../../src/reload/targets.ts';
import { Haproxy, hasHaproxy } from '../../support/haproxy.ts';
import { LineServer } from '../../support/line-server.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { context, settingsOf } from '../context.ts';

const never = new AbortController().signal;

function reload(url: URL, { timeout = 20_000, overtaken = never, signal = never } = {}) {
  return reloadOverCli({ url, timeout }, signal, overtaken);
}

const listing = (worker: number, failed = 0) =>
  `#<PID> <type> <reloads> <uptime> <version>\n7 master 1 [failed: ${failed}] 0d 2.6\n# workers\n${worker} worker 0 0d 2.6\n# programs\n`;

describe.skipIf(!hasHaproxy)('the master of a real HAProxy', () => {
  test('takes a good configuration', async () => {
    await using haproxy = await Haproxy.start('one');
    await haproxy.configure('two');
    expect(await reload(haproxy.cli)).toEqual({ class: 'accepted' });
    await haproxy.answersWith('two');
  });

  test('rejects a bad one, goes on, and takes the next good one', async () => {
    await using haproxy = await Haproxy.start('one');
    await haproxy.configure('two', 'bogus');
    for (let round = 0; round < 2; round += 1) {
      expect(await reload(haproxy.cli)).toMatchObject({
        class: 'rejected',
        detail: expect.stringContaining('cannot load the set and goes on with what it had'),
      });
    }
    expect(await haproxy.get()).toBe('one');
    await haproxy.configure('three');
    expect(await reload(haproxy.cli)).toEqual({ class: 'accepted' });
    await haproxy.answersWith('three');
  });

  test('is told through the target of the settings', async () => {
    await using haproxy = await Haproxy.start('one');
    await haproxy.configure('two');
    const settings = settingsOf({ WHERRY_RELOAD_PRESET: 'haproxy', WHERRY_RELOAD_URL: haproxy.cli.href });
    const [target, ...more] = createTargets({
      settings,
      targetDir: '/nowhere',
      stateDir: '/nowhere',
      env: {},
    });
    expect(more).toEqual([]);
    expect(target).toMatchObject({ name: 'url1', identity: `reload ${haproxy.cli.href}` });
    expect(await target?.reload(context, never)).toEqual({ class: 'accepted' });
    await haproxy.answersWith('two');
  });

  test('that was killed is not up', async () => {
    await using haproxy = await Haproxy.start('one');
    await haproxy.kill();
    expect(await reload(haproxy.cli)).toMatchObject({ class: 'not-up' });
  });

  test('is not its worker, whose socket knows no reload', async () => {
    await using haproxy = await Haproxy.start('one');
    expect(await reload(haproxy.workerCli)).toMatchObject({
      class: 'misconfigured',
      detail: expect.stringContaining('start HAProxy with -W and -S'),
    });
  });
});

describe('a master that answers as HAProxy 2.7 and later', () => {
  test.each(['unix', 'tcp'] as const)('takes the set over %s', async (over) => {
    await using server = await LineServer.start(
      { 'show proc': [listing(8)], reload: ['Success=1\n--\n[NOTICE] (7) : Loading success.\n'] },
      over,
    );
    expect(await reload(server.url)).toEqual({ class: 'accepted' });
    expect(server.commands).toEqual(['show proc', 'reload']);
  });

  test('rejects it with the lines of its log', async () => {
    await using server = await LineServer.start({
      'show proc': [listing(8)],
      reload: ['Success=0\n--\n[ALERT] (7) : config : Fatal errors found in configuration.\n'],
    });
    expect(await reload(server.url)).toMatchObject({
      class: 'rejected',
      detail: expect.stringContaining('[ALERT] (7) : config : Fatal errors found'),
    });
  });

  test('is waited for to the end of its answer, even when the set is overtaken', async () => {
    const overtaken = new AbortController();
    await using server = await LineServer.start({
      'show proc': [listing(8)],
      reload: [
        (socket) => {
          socket.write('Success=', () => {
            overtaken.abort();
            socket.end('1\n');
          });
        },
      ],
    });
    expect(await reload(server.url, { overtaken: overtaken.signal })).toEqual({ class: 'accepted' });
  });

  test('and that never answers is not up when the time is over', async () => {
    await using server = await LineServer.start({ 'show proc': [listing(8)], reload: [() => undefined] });
    expect(await reload(server.url, { timeout: 1500 })).toEqual({
      class: 'not-up',
      detail: `${server.url.href}: HAProxy gave no whole answer to "reload" within 1500ms (WHERRY_RELOAD_TIMEOUT)`,
    });
  });

  test('and that is given up on lets go at once', async () => {
    const stop = new AbortController();
    await using server = await LineServer.start({
      'show proc': [listing(8)],
      reload: [() => stop.abort(new Error('ending'))],
    });
    await expect(reload(server.url, { signal: stop.signal })).rejects.toThrow('ending');
  });
});

describe('a master that closes the connection, as before 2.7', () => {
  test('takes the set when a new worker is there', async () => {
    await using server = await LineServer.start({
      'show proc': [listing(8), listing(8), '', listing(9)],
      reload: [''],
    });
    expect(await reload(server.url)).toEqual({ class: 'accepted' });
  });

  test('rejects it when it counts one more failure', async () => {
    await using server = await LineServer.start({
      'show proc': [listing(8, 1), listing(8, 1), listing(8, 2)],
      reload: [''],
    });
    expect(await reload(server.url)).toMatchObject({ class: 'rejected' });
  });

  test('may reset it too', async () => {
    await using server = await LineServer.start(
      {
        'show proc': [listing(8), listing(9)],
        reload: [(socket) => socket.resetAndDestroy()],
      },
      'tcp',
    );
    expect(await reload(server.url)).toEqual({ class: 'accepted' });
  });

  test('and shows nothing is not up when the time is over', async () => {
    await using server = await LineServer.start({ 'show proc': [listing(8)], reload: [''] });
    expect(await reload(server.url, { timeout: 1500 })).toMatchObject({
      class: 'not-up',
      detail: expect.stringContaining('neither a new worker nor a failed reload within 1500ms'),
    });
  });

  test('is watched no longer when a newer set waits', async () => {
    await using server = await LineServer.start({ 'show proc': [listing(8)], reload: [''] });
    expect(await reload(server.url, { overtaken: AbortSignal.abort() })).toEqual({
      class: 'busy',
      detail: 'overtaken by a newer set',
    });
  });
});

test('a master CLI whose socket is not there is not up', async () => {
  const path = join(await temporaryDirectory(), 'none.sock');
  expect(await reload(new URL(`unix://${path}`))).toMatchObject({
    class: 'not-up',
    detail: expect.stringMatching(/ENOENT.*-W and -S/),
  });
});
