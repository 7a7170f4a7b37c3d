import { once } from 'node:events';
import http from 'node:http';
import { connect, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { type AdminOptions, type AdminServer, startAdmin } from '../../src/admin/server.ts';
import type { Wish } from '../../src/engine/machine/request.ts';
import { SettingsError, TargetError } from '../../src/failure/failure.ts';
import { full } from './documents.ts';
import { granted, recordingLog, viewOf } from './views.ts';

interface Options extends Partial<AdminOptions> {
  readonly secret?: string;
}

async function start({ secret, ...options }: Options = {}) {
  const { log, warnings } = recordingLog();
  const onSync = vi.fn();
  const onWish = vi.fn(granted);
  const address = { host: '127.0.0.1', port: 0 };
  const usual = { address, token: () => secret, view: viewOf(), onSync, onWish, log };
  const server = await startAdmin({ ...usual, ...options });
  if (server === undefined) throw new Error(`not started: ${warnings.join()}`);
  let isOpen = true;
  const close = async () => {
    if (isOpen) await server[Symbol.asyncDispose]();
    isOpen = false;
  };
  onTestFinished(close);
  return {
    server,
    onSync,
    onWish,
    warnings,
    close,
    ask: (path: string, more?: http.RequestOptions) => ask(server, path, more),
  };
}

async function ask(server: AdminServer, path: string, options: http.RequestOptions = {}) {
  const place = { host: '127.0.0.1', port: server.port, path, agent: false as const };
  const request = http.request({ ...place, ...options }).end();
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  let body = '';
  for await (const chunk of response.setEncoding('utf8') as AsyncIterable<string>) body += chunk;
  return { status: response.statusCode, headers: response.headers, body };
}

async function open(server: AdminServer): Promise<Socket> {
  const socket = connect(server.port, '127.0.0.1');
  socket.on('error', () => undefined);
  onTestFinished(() => {
    socket.destroy();
  });
  await once(socket, 'connect');
  return socket;
}

describe('probes', () => {
  test.each([
    ['/startupz', 'a set is published\n'],
    ['/readyz', 'the set is acknowledged\n'],
    ['/livez', 'the loop turns\n'],
  ])('%s answers 200', async (path, body) => {
    const { ask } = await start();
    expect(await ask(path)).toMatchObject({ status: 200, body, headers: { 'cache-control': 'no-store' } });
  });

  test.each([
    ['/startupz', 'startup'],
    ['/readyz', 'ready'],
    ['/livez', 'live'],
  ])('%s answers 503 and why', async (path, name) => {
    const { ask } = await start({ view: viewOf({ [name]: () => ({ ok: false, reason: 'not yet' }) }) });
    expect(await ask(path)).toMatchObject({ status: 503, body: 'not yet\n' });
  });

  test('a HEAD gets the same without a body', async () => {
    const { ask } = await start();
    const answer = await ask('/readyz', { method: 'HEAD' });
    expect(answer).toMatchObject({ status: 200, body: '', headers: { 'content-length': '24' } });
  });

  test('a query changes nothing', async () => {
    const { ask } = await start();
    expect(await ask('/livez?verbose')).toMatchObject({ status: 200 });
  });
});

describe('documents', () => {
  test('/status is the status as JSON', async () => {
    const { ask } = await start();
    const { headers, body } = await ask('/status');
    expect(headers['content-type']).toBe('application/json');
    expect(JSON.parse(body)).toEqual(full);
  });

  test.each([
    [undefined, 'text/plain; version=0.0.4; charset=utf-8', 'a 1\n'],
    ['text/plain;version=0.0.4', 'text/plain; version=0.0.4; charset=utf-8', 'a 1\n'],
    ['application/openmetrics-text;q=0, */*', 'text/plain; version=0.0.4; charset=utf-8', 'a 1\n'],
    [
      'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1',
      'application/openmetrics-text; version=1.0.0; charset=utf-8',
      '# EOF\n',
    ],
  ])('/metrics for Accept %s is %s', async (accept, type, body) => {
    const { ask } = await start();
    const answer = await ask('/metrics', { headers: accept === undefined ? {} : { accept } });
    expect(answer).toMatchObject({ status: 200, body, headers: { 'content-type': type } });
  });

  test('/ is a page with a strict policy', async () => {
    const { ask } = await start();
    const { status, headers, body } = await ask('/');
    expect(status).toBe(200);
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    expect(headers['content-security-policy']).toMatch(/^default-src 'none'; style-src 'sha256-/);
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(body).toContain('b0a1c2');
  });

  test.each(['/nope', '/constructor', '//livez', '/livez/', '/webhook'])('%s is not found', async (path) => {
    const { ask } = await start();
    expect(await ask(path)).toMatchObject({ status: 404, body: expect.stringContaining('/startupz') });
  });

  test.each([
    ['POST', '/livez', 'GET, HEAD'],
    ['DELETE', '/metrics', 'GET, HEAD'],
    ['OPTIONS', '/', 'GET, HEAD'],
    ['GET', '/sync', 'POST'],
  ])('%s %s is not allowed', async (method, path, allow) => {
    const { ask } = await start({ secret: 'token' });
    expect(await ask(path, { method })).toMatchObject({ status: 405, headers: { allow } });
  });

  test('what cannot be told is an error of that request alone', async () => {
    const status = () => {
      throw new Error('broken');
    };
    const { ask, warnings } = await start({ view: viewOf({ status }) });
    expect(await ask('/status')).toMatchObject({ status: 500, body: expect.not.stringContaining('broken') });
    expect(warnings).toHaveLength(1);
    expect(await ask('/livez')).toMatchObject({ status: 200 });
  });
});

describe('POST /sync', () => {
  const post = (authorization?: string): http.RequestOptions => ({
    method: 'POST',
    headers: authorization === undefined ? {} : { authorization },
  });

  test.each(['Bearer t0ken-ä', 'bearer  t0ken-ä'])('with %s wakes the loop', async (authorization) => {
    const { ask, onSync } = await start({ secret: 't0ken-ä' });
    const latin1 = Buffer.from(authorization).toString('latin1');
    expect(await ask('/sync', post(latin1))).toMatchObject({ status: 202 });
    expect(onSync).toHaveBeenCalledTimes(1);
  });

  test.each([undefined, 'Bearer', 'Bearer t0ke', 'Bearer t0kenn', 'Basic t0ken', 't0ken', 'Bearer t0ken x'])(
    'with %s is refused',
    async (authorization) => {
      const { ask, onSync } = await start({ secret: 't0ken' });
      const answer = await ask('/sync', post(authorization));
      expect(answer).toMatchObject({ status: 401, headers: { 'www-authenticate': 'Bearer realm="wherry"' } });
      expect(answer.body).not.toContain('t0ken');
      expect(onSync).not.toHaveBeenCalled();
    },
  );

  test('is forbidden when no token is set', async () => {
    const { ask, onSync } = await start();
    expect(await ask('/sync', post('Bearer undefined'))).toMatchObject({
      status: 403,
      body: expect.stringContaining('WHERRY_ADMIN_TOKEN'),
    });
    expect(onSync).not.toHaveBeenCalled();
  });

  test('follows a token that is rotated', async () => {
    let token = 'one';
    const { ask } = await start({ token: () => token });
    token = 'two';
    expect(await ask('/sync', post('Bearer one'))).toMatchObject({ status: 401 });
    expect(await ask('/sync', post('Bearer two'))).toMatchObject({ status: 202 });
  });

  test('does not look at a body, however long', async () => {
    const { server, onSync } = await start({ secret: 't0ken' });
    const socket = await open(server);
    socket.write(
      'POST /sync HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer t0ken\r\nContent-Length: 99999999\r\n\r\nabc',
    );
    const [data] = (await once(socket, 'data')) as [Buffer];
    expect(data.toString()).toMatch(/^HTTP\/1\.1 202 [\s\S]*connection: close/i);
    expect(onSync).toHaveBeenCalledTimes(1);
    await once(socket, 'close');
  });
});

describe('steering by hand', () => {
  const withToken: http.RequestOptions = { method: 'POST', headers: { authorization: 'Bearer t0ken' } };

  test.each([
    ['/hold', { action: 'hold' }],
    ['/pin?revision=v1.2', { action: 'pin', revision: 'v1.2' }],
    ['/pin?x=1&revision=feature%2Fx', { action: 'pin', revision: 'feature/x' }],
    ['/resume', { action: 'resume' }],
    ['/rollback?revision=ignored', { action: 'rollback' }],
  ])('POST %s is carried out, and answers what became of it', async (path, wish) => {
    const { ask, onWish, onSync } = await start({ secret: 't0ken' });
    const { status, headers, body } = await ask(path, withToken);
    expect(status).toBe(200);
    expect(headers['content-type']).toBe('application/json');
    expect(JSON.parse(body)).toEqual(await granted(wish as Wish));
    expect(onWish.mock.calls).toEqual([[wish]]);
    expect(onSync).not.toHaveBeenCalled();
  });

  test.each([
    ['done', 200],
    ['under-way', 202],
    ['refused', 409],
  ] as const)('what is %s has status %i', async (result, status) => {
    const onWish = async (wish: Wish) => ({ ...(await granted(wish)), result });
    const { ask } = await start({ secret: 't0ken', onWish });
    const answer = await ask('/rollback', withToken);
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.body)).toMatchObject({ action: 'rollback', result });
  });

  test.each(['/pin', '/pin?', '/pin?revision=', '/pin?revision=a%20b', '/pin?revision=a&revision=b'])(
    'POST %s is a bad request',
    async (path) => {
      const { ask, onWish } = await start({ secret: 't0ken' });
      expect(await ask(path, withToken)).toMatchObject({
        status: 400,
        body: expect.stringMatching(/^pin: [^\n]+\n$/),
      });
      expect(onWish).not.toHaveBeenCalled();
    },
  );

  test('a revision that is not known is a bad request', async () => {
    const onWish = () => Promise.reject(new SettingsError({ problem: 'pin: "abcdef0" is unknown' }));
    const { ask } = await start({ secret: 't0ken', onWish });
    expect(await ask('/pin?revision=abcdef0', withToken)).toMatchObject({
      status: 400,
      body: 'pin: "abcdef0" is unknown\n',
    });
  });

  test('what cannot be done yet is 503 and why', async () => {
    const onWish = () => Promise.reject(new TargetError({ problem: 'the volume is read-only' }));
    const { ask } = await start({ secret: 't0ken', onWish });
    expect(await ask('/hold', withToken)).toMatchObject({ status: 503, body: 'the volume is read-only\n' });
  });

  describe.each(['/hold', '/pin?revision=main', '/resume', '/rollback'])('POST %s', (path) => {
    test.each([
      ['without a token', 't0ken', {}, 401],
      ['with a wrong token', 't0ken', { authorization: 'Bearer other' }, 401],
      ['when no token is set', undefined, { authorization: 'Bearer undefined' }, 403],
    ])('%s is refused', async (_, secret, headers, status) => {
      const { ask, onWish } = await start(secret === undefined ? {} : { secret });
      expect(await ask(path, { method: 'POST', headers })).toMatchObject({ status });
      expect(onWish).not.toHaveBeenCalled();
    });

    test('is no GET', async () => {
      const { ask, onWish } = await start({ secret: 't0ken' });
      const answer = await ask(path, { ...withToken, method: 'GET' });
      expect(answer).toMatchObject({ status: 405, headers: { allow: 'POST' } });
      expect(onWish).not.toHaveBeenCalled();
    });
  });
});

describe('clients that ask badly', () => {
  test.each([
    ['nonsense', 'hello\r\n\r\n', '400'],
    ['too long a header', `GET /livez HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(9000)}\r\n\r\n`, '431'],
  ])('get an error for %s', async (_name, text, status) => {
    const { server, ask } = await start();
    const socket = await open(server);
    socket.write(text);
    const [data] = (await once(socket, 'data')) as [Buffer];
    expect(data.toString()).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(await ask('/livez')).toMatchObject({ status: 200 });
  });

  test('are cut off when they never finish their request', { timeout: 30_000 }, async () => {
    const { server } = await start();
    const socket = await open(server);
    socket.write('GET /livez HTTP/1.1\r\nHost:');
    socket.resume();
    const started = performance.now();
    await once(socket, 'close');
    expect(performance.now() - started).toBeLessThan(20_000);
  });
});

describe('the address', () => {
  const hasIPv6 = Object.values(networkInterfaces())
    .flat()
    .some((address) => address?.address === '::1');

  test('without a host is every one, IPv4 and IPv6', async () => {
    const { ask } = await start({ address: { host: undefined, port: 0 } });
    expect(await ask('/livez', { host: '127.0.0.1' })).toMatchObject({ status: 200 });
    if (hasIPv6) expect(await ask('/livez', { host: '::1' })).toMatchObject({ status: 200 });
  });

  test('that is off opens nothing', async () => {
    const { log, warnings } = recordingLog();
    const options = { token: () => undefined, view: viewOf(), onSync: () => undefined, onWish: granted, log };
    expect(await startAdmin({ address: 'off', ...options })).toBeUndefined();
    expect(warnings).toEqual([]);
  });

  test('that is taken is a warning', async () => {
    const { server } = await start();
    const { log, warnings } = recordingLog();
    const address = { host: '127.0.0.1', port: server.port };
    const options = { token: () => undefined, view: viewOf(), onSync: () => undefined, onWish: granted, log };
    expect(await startAdmin({ address, ...options })).toBeUndefined();
    expect(warnings).toEqual([
      `WHERRY_ADMIN_ADDRESS: 127.0.0.1:${server.port} is taken, and all containers of a pod share its ports; choose another port; probes and metrics are off until the next start`,
    ]);
  });

  test.each(['192.0.2.1', 'no-such-host.invalid'])(
    '%s, which is not this pod, is a warning',
    async (host) => {
      const { log, warnings } = recordingLog();
      const options = {
        token: () => undefined,
        view: viewOf(),
        onSync: () => undefined,
        onWish: granted,
        log,
      };
      expect(await startAdmin({ address: { host, port: 0 }, ...options })).toBeUndefined();
      expect(warnings).toEqual([expect.stringContaining(`WHERRY_ADMIN_ADDRESS: ${host}:0 is no address`)]);
    },
  );
});

test('closing ends idle connections and those in use at once', async () => {
  const { server, close } = await start();
  const [idle, used] = [await open(server), await open(server)];
  used.write('GET /livez HTTP/1.1\r\n');
  idle.write('GET /livez HTTP/1.1\r\nHost: x\r\n\r\n');
  await once(idle, 'data');
  const closed = Promise.all([once(idle, 'close'), once(used, 'close')]);
  await close();
  await closed;
});
