import { networkInterfaces } from 'node:os';
import { describe, expect, test } from 'vitest';
import { askHealth } from '../../src/admin/client.ts';
import { startAdmin } from '../../src/admin/server.ts';
import { freePort, ReloadApp } from '../support/reload-app.ts';
import { granted, recordingLog, viewOf } from './views.ts';

async function startServer(host: string | undefined) {
  const { log } = recordingLog();
  const view = viewOf({ ready: () => ({ ok: false, reason: 'url1 has not answered' }) });
  const options = { token: () => undefined, view, onSync: () => undefined, onWish: granted, log };
  const server = await startAdmin({ address: { host, port: 0 }, ...options });
  if (server === undefined) throw new Error('not started');
  return server;
}

const hasIPv6 = Object.values(networkInterfaces())
  .flat()
  .some((address) => address?.address === '::1');

describe('asking a running sidecar', () => {
  test('tells that it is well', async () => {
    await using server = await startServer('127.0.0.1');
    const health = await askHealth({ host: '127.0.0.1', port: server.port }, 'livez', 3000);
    expect(health).toEqual({ ok: true, reason: 'the loop turns' });
  });

  test('tells why it is not', async () => {
    await using server = await startServer('127.0.0.1');
    const health = await askHealth({ host: '127.0.0.1', port: server.port }, 'readyz', 3000);
    expect(health).toEqual({ ok: false, reason: 'url1 has not answered' });
  });

  const bound = ['127.0.0.1', undefined, ...(hasIPv6 ? ['::1'] : [])];
  test.each(bound)('finds one that is bound to %s when no host is set', async (host) => {
    await using server = await startServer(host);
    for (const called of [undefined, 'localhost', '0.0.0.0', '::']) {
      const health = await askHealth({ host: called, port: server.port }, 'startupz', 3000);
      expect(health).toEqual({ ok: true, reason: 'a set is published' });
    }
  });

  test('tells that nobody answers', async () => {
    const port = await freePort();
    const { ok, reason } = await askHealth({ host: undefined, port }, 'livez', 3000);
    expect(ok).toBe(false);
    expect(reason).toMatch(
      new RegExp(`^localhost:${port} does not answer \\(.*ECONNREFUSED.*is the sidecar running\\?$`),
    );
  });

  test('tells that something else listens there', async () => {
    await using app = await ReloadApp.start();
    app.usually({ status: 404 });
    const health = await askHealth({ host: '127.0.0.1', port: app.port }, 'livez', 3000);
    expect(health).toMatchObject({ ok: false, reason: expect.stringContaining('answered 404') });
  });

  test.each(['hang', 'hang-in-body'] as const)('does not wait for ever: %s', async (fault) => {
    await using app = await ReloadApp.start();
    app.usually({ fault });
    const health = await askHealth({ host: '127.0.0.1', port: app.port }, 'livez', 150);
    expect(health).toMatchObject({ ok: false, reason: expect.stringContaining('nothing within 150 ms') });
  });
});
