import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Answer, Target } from '../../../src/reload/target.ts';
import { createTargets } from '../../../src/reload/targets.ts';
import { freePort, ReloadApp } from '../../support/reload-app.ts';
import { context, settingsOf } from '../context.ts';
import { createCertificates, hasOpenssl } from './certificates.ts';

const hasIPv6 = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ address }) => address === '::1'),
);

interface TargetOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly settings?: Readonly<Record<string, string>>;
}

function targetOf(url: URL | string, { env = {}, settings = {} }: TargetOptions = {}): Target {
  const all = settingsOf({ WHERRY_RELOAD_URL: String(url), ...settings });
  const [target] = createTargets({ settings: all, targetDir: '/nowhere', stateDir: '/nowhere', env });
  if (target === undefined) throw new Error('no target');
  return target;
}

function reload(url: URL | string, options?: TargetOptions): Promise<Answer> {
  return targetOf(url, options).reload(context, new AbortController().signal);
}

function detailOf(answer: Answer): string {
  return 'detail' in answer ? answer.detail : '';
}

/** A server below HTTP that sees the sockets. */
async function listen(onSocket: (socket: Socket) => void): Promise<{ server: Server; url: string }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    onSocket(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return { server, url: `http://127.0.0.1:${port}/reload` };
}

describe('what is sent', () => {
  test('a POST without a body, naming the set', async () => {
    await using app = await ReloadApp.start();
    expect(await reload(app.url())).toEqual({ class: 'accepted' });
    const [call] = app.calls;
    expect(call).toMatchObject({ method: 'POST', path: '/-/reload', body: '' });
    expect(call?.headers).toMatchObject({
      'x-wherry-revision': 'b0a1c2',
      'x-wherry-sequence': '7',
      'content-length': '0',
      host: `127.0.0.1:${app.port}`,
      connection: 'close',
    });
    expect(call?.headers).not.toHaveProperty('authorization');
  });

  test.each([
    ['{"a": 1}', 'application/json'],
    ['{}', 'application/json'],
    ['reload: now', 'text/plain; charset=utf-8'],
  ])('the body %s goes as %s', async (body, type) => {
    await using app = await ReloadApp.start();
    await reload(app.url(), { settings: { WHERRY_RELOAD_BODY: body, WHERRY_RELOAD_METHOD: 'PUT' } });
    expect(app.calls[0]).toMatchObject({ method: 'PUT', body, headers: { 'content-type': type } });
  });

  test.each(['GET', 'HEAD'])('%s carries no body', async (method) => {
    await using app = await ReloadApp.start();
    app.usually({ status: 200, body: 'an answer' });
    const settings = { WHERRY_RELOAD_BODY: '{}', WHERRY_RELOAD_METHOD: method };
    expect(await reload(app.url(), { settings })).toEqual({ class: 'accepted' });
    expect(app.calls[0]).toMatchObject({ method, body: '' });
    expect(app.calls[0]?.headers).not.toHaveProperty('content-type');
  });

  test('headers of the settings, repeated ones too, win over those of the program', async () => {
    await using app = await ReloadApp.start();
    const settings = {
      WHERRY_RELOAD_HEADERS:
        'X-Team: a\nx-team: b\nContent-Type: text/caddyfile\nUser-Agent: mine\nHost: grafana.example',
      WHERRY_RELOAD_BODY: '{}',
    };
    await reload(app.url(), { settings });
    expect(app.calls[0]?.headers).toMatchObject({
      'x-team': 'a, b',
      'content-type': 'text/caddyfile',
      'user-agent': 'mine',
      host: 'grafana.example',
    });
  });

  test('path and query arrive as they were written', async () => {
    await using app = await ReloadApp.start();
    await reload(app.url('/a%2Fb/reload/?casc-reload-token=T&x=%20'));
    expect(app.calls[0]?.path).toBe('/a%2Fb/reload/?casc-reload-token=T&x=%20');
  });
});

describe('basic authentication', () => {
  const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

  test('comes from the settings', async () => {
    await using app = await ReloadApp.start();
    const settings = { WHERRY_RELOAD_USERNAME: 'admin', WHERRY_RELOAD_PASSWORD: 'pä:ss' };
    await reload(app.url(), { settings });
    expect(app.calls[0]?.headers.authorization).toBe(basic('admin:pä:ss'));
  });

  test('comes from the URL, for that URL alone', async () => {
    await using app = await ReloadApp.start();
    const settings = settingsOf({
      WHERRY_RELOAD_URL: `http://me:p%40ss@127.0.0.1:${app.port}/one,http://127.0.0.1:${app.port}/two`,
      WHERRY_RELOAD_USERNAME: 'admin',
      WHERRY_RELOAD_PASSWORD: 'secret',
    });
    for (const target of createTargets({ settings, targetDir: '/nowhere', stateDir: '/nowhere', env: {} })) {
      await target.reload(context, new AbortController().signal);
    }
    expect(app.calls.map(({ path, headers }) => [path, headers.authorization])).toEqual([
      ['/one', basic('me:p@ss')],
      ['/two', basic('admin:secret')],
    ]);
  });

  test('an Authorization header of the settings wins', async () => {
    await using app = await ReloadApp.start();
    const settings = {
      WHERRY_RELOAD_HEADERS: 'Authorization: Bearer t',
      WHERRY_RELOAD_USERNAME: 'admin',
      WHERRY_RELOAD_PASSWORD: 'secret',
    };
    await reload(app.url(), { settings });
    expect(app.calls[0]?.headers.authorization).toBe('Bearer t');
  });

  test('no secret is shown, even when the application repeats all that it got', async () => {
    await using app = await ReloadApp.start();
    app.usually((request, response) => {
      const authorization = request.headers.authorization ?? '';
      const decoded = Buffer.from(authorization.replace('Basic ', ''), 'base64');
      response.writeHead(500).end(`refused ${JSON.stringify(request.headers)} ${decoded} ${request.url}`);
    });
    const url = `http://me:hunter22@127.0.0.1:${app.port}/reload?token=qwertz`;
    const settings = { WHERRY_RELOAD_HEADERS: 'X-Api-Key: letmein99' };
    const target = targetOf(url, { settings });
    const detail = detailOf(await target.reload(context, new AbortController().signal));
    expect(detail).toContain('refused');
    const shown = `${detail} ${target.identity}`;
    for (const secret of ['hunter22', 'letmein99', 'qwertz', Buffer.from('me:hunter22').toString('base64')]) {
      expect(shown).not.toContain(secret);
    }
  });
});

describe('answers', () => {
  test('the body of a refusal is kept, as one line', async () => {
    await using app = await ReloadApp.start();
    app.usually({ status: 500, body: 'failed to reload config:\r\n\tbanana\u0007\n' });
    expect(await reload(app.url())).toEqual({
      class: 'rejected',
      detail: `POST http://127.0.0.1:${app.port}/-/reload answered 500: failed to reload config: banana`,
    });
  });

  test('of a body that never ends the beginning is kept', async () => {
    await using app = await ReloadApp.start();
    app.usually({ fault: 'endless' });
    const answer = await reload(app.url());
    expect(answer.class).toBe('rejected');
    expect(detailOf(answer).length).toBeLessThan(2200);
    await vi.waitFor(() => expect(app.current).toBe(0));
  });

  test('redirects are not followed', async () => {
    await using app = await ReloadApp.start();
    app.usually({ status: 302, headers: { location: '/elsewhere?token=abcdef' } });
    const answer = await reload(app.url());
    expect(answer).toMatchObject({ class: 'misconfigured', detail: expect.stringContaining('/elsewhere,') });
    expect(app.calls).toHaveLength(1);
  });

  test.each(['101', '1xx'])('an upgrade is no success unless %s is expected', async (expected) => {
    await using app = await ReloadApp.start();
    app.usually({ fault: 'upgrade' });
    expect(await reload(app.url())).toMatchObject({ class: 'misconfigured' });
    expect(await reload(app.url(), { settings: { WHERRY_RELOAD_EXPECT: expected } })).toMatchObject({
      class: 'accepted',
    });
  });

  test('an answer after 100 Continue counts', async () => {
    const { url } = await listen((socket) =>
      socket.once('data', () =>
        socket.write('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n'),
      ),
    );
    expect(await reload(url)).toEqual({ class: 'accepted' });
  });

  test('something that does not speak HTTP is named', async () => {
    const { url } = await listen((socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n'));
    expect(await reload(url)).toMatchObject({
      class: 'misconfigured',
      detail: expect.stringContaining('no HTTP answer'),
    });
  });
});

describe('an application that is not up', () => {
  test('refuses the connection', async () => {
    const answer = await reload(`http://127.0.0.1:${await freePort()}/`);
    expect(answer).toMatchObject({ class: 'not-up', detail: expect.stringContaining('ECONNREFUSED') });
  });

  test.each(['reset', 'cut'] as const)('breaks off: %s', async (fault) => {
    await using app = await ReloadApp.start();
    app.usually({ fault });
    expect(await reload(app.url())).toMatchObject({ class: 'not-up' });
  });

  test('closes before it answers', async () => {
    const { url } = await listen((socket) => socket.end());
    expect(await reload(url)).toMatchObject({ class: 'not-up' });
  });

  test.each(['hang', 'hang-in-body'] as const)('does not answer in time: %s', async (fault) => {
    await using app = await ReloadApp.start();
    app.usually({ fault });
    const answer = await reload(app.url(), { settings: { WHERRY_RELOAD_TIMEOUT: '150ms' } });
    expect(answer).toMatchObject({ class: 'not-up', detail: expect.stringContaining('150ms') });
    await vi.waitFor(() => expect(app.current).toBe(0));
  });

  test('has a name that does not resolve', async () => {
    expect(await reload('http://app.invalid/reload')).toMatchObject({ class: 'not-up' });
  });

  test('a time-out covers a server that trickles its answer', async () => {
    const { url } = await listen((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n');
      const timer = setInterval(() => socket.write('.'), 20);
      socket.on('close', () => clearInterval(timer));
    });
    const answer = await reload(url, { settings: { WHERRY_RELOAD_TIMEOUT: '200ms' } });
    expect(answer).toMatchObject({ class: 'not-up', detail: expect.stringContaining('200ms') });
  });
});

describe('an abort', () => {
  test('ends the call at once, with its reason', async () => {
    await using app = await ReloadApp.start();
    app.usually({ fault: 'hang' });
    const stop = new AbortController();
    const answer = targetOf(app.url()).reload(context, stop.signal);
    await vi.waitFor(() => expect(app.calls).toHaveLength(1));
    const reason = new Error('shutting down');
    stop.abort(reason);
    await expect(answer).rejects.toBe(reason);
    await vi.waitFor(() => expect(app.current).toBe(0));
  });

  test('before the call lets it not happen', async () => {
    await using app = await ReloadApp.start();
    await expect(targetOf(app.url()).reload(context, AbortSignal.abort())).rejects.toThrow();
    expect(app.calls).toHaveLength(0);
  });
});

describe('localhost', () => {
  const bound = hasIPv6 ? ['127.0.0.1', '::1'] : ['127.0.0.1'];
  test.each(bound)('reaches an application that is bound to %s alone', async (host) => {
    await using app = await ReloadApp.start({ host });
    expect(await reload(`http://localhost:${app.port}/`)).toEqual({ class: 'accepted' });
  });

  test('names both addresses when neither answers', async () => {
    const answer = await reload(`http://localhost:${await freePort()}/`);
    expect(answer.class).toBe('not-up');
    expect(detailOf(answer)).toContain('127.0.0.1');
    expect(detailOf(answer)).toContain('::1');
  });

  test.each(bound)('the address %s in the URL is called', async (host) => {
    const shown = host.includes(':') ? `[${host}]` : host;
    await using app = await ReloadApp.start({ host });
    expect(await reload(`http://${shown}:${app.port}/`)).toEqual({ class: 'accepted' });
    expect(app.calls[0]?.headers.host).toBe(`${shown}:${app.port}`);
  });
});

describe('proxies', () => {
  const absolute = 'http://app.example/reload';

  test('HTTP_PROXY holds for other hosts', async () => {
    await using proxy = await ReloadApp.start();
    const env = { HTTP_PROXY: `http://127.0.0.1:${proxy.port}` };
    expect(await reload(absolute, { env })).toEqual({ class: 'accepted' });
    expect(proxy.calls[0]).toMatchObject({ path: absolute, headers: { host: 'app.example' } });
  });

  test('NO_PROXY excepts hosts from it', async () => {
    await using proxy = await ReloadApp.start();
    const env = { HTTP_PROXY: `http://127.0.0.1:${proxy.port}`, NO_PROXY: '.invalid' };
    expect(await reload('http://app.invalid/reload', { env })).toMatchObject({ class: 'not-up' });
    expect(proxy.calls).toHaveLength(0);
  });

  const direct = ['localhost', '127.0.0.1', '127.1.2.3', 'app.localhost'];
  test.each(hasIPv6 ? [...direct, '[::1]', '[::ffff:127.0.0.1]'] : direct)(
    '%s is always called directly',
    async (host) => {
      await using proxy = await ReloadApp.start();
      await using app = await ReloadApp.start({ host: hasIPv6 ? '::' : '0.0.0.0' });
      const env = { HTTP_PROXY: `http://127.0.0.1:${proxy.port}`, NO_PROXY: '' };
      expect(await reload(`http://${host}:${app.port}/`, { env })).toEqual({ class: 'accepted' });
      expect(proxy.calls).toHaveLength(0);
    },
  );

  test('a proxy that wants credentials is named, its own are not shown', async () => {
    await using proxy = await ReloadApp.start();
    const env = { HTTPS_PROXY: `http://me:hunter22@127.0.0.1:${proxy.port}` };
    const answer = await reload('https://app.example/reload', { env });
    expect(answer).toMatchObject({
      class: 'misconfigured',
      detail: expect.stringContaining('HTTPS_PROXY'),
    });
    expect(detailOf(answer)).not.toContain('hunter22');
  });

  test('a proxy that is away is named', async () => {
    const port = await freePort();
    const answer = await reload(absolute, { env: { HTTP_PROXY: `http://127.0.0.1:${port}` } });
    expect(answer).toMatchObject({ class: 'not-up', detail: expect.stringContaining(`127.0.0.1:${port}`) });
  });
});

describe('TLS', () => {
  test.skipIf(!hasOpenssl)('a private CA is trusted when it is given', async () => {
    const { ca, key, cert } = await createCertificates('DNS:localhost');
    await using app = await ReloadApp.start({ tls: { key, cert } });
    const url = app.url('/', 'localhost');
    expect(await reload(url, { settings: { WHERRY_RELOAD_CA: ca } })).toEqual({ class: 'accepted' });
    expect(await reload(url)).toMatchObject({
      class: 'misconfigured',
      detail: expect.stringContaining('WHERRY_RELOAD_CA'),
    });
  });

  test.skipIf(!hasOpenssl)('a certificate of another name is not', async () => {
    const { ca, key, cert } = await createCertificates('DNS:other.example');
    await using app = await ReloadApp.start({ tls: { key, cert } });
    const settings = { WHERRY_RELOAD_CA: ca };
    expect(await reload(app.url('/', 'localhost'), { settings })).toMatchObject({
      class: 'misconfigured',
      detail: expect.stringContaining('a name of the certificate'),
    });
  });

  test('a CA that is no PEM is named', async () => {
    await using app = await ReloadApp.start();
    const settings = { WHERRY_RELOAD_CA: '-----BEGIN CERTIFICATE-----\nbm8=\n-----END CERTIFICATE-----' };
    expect(await reload(`https://127.0.0.1:${app.port}/`, { settings })).toMatchObject({
      class: 'misconfigured',
      detail: expect.stringContaining('WHERRY_RELOAD_CA'),
    });
  });

  test('https to an application that speaks plain HTTP is named', async () => {
    await using app = await ReloadApp.start();
    expect(await reload(`https://127.0.0.1:${app.port}/`)).toMatchObject({
      class: 'misconfigured',
      detail: expect.stringContaining('WHERRY_RELOAD_URL'),
    });
  });
});

test('a header that cannot be sent is refused with the settings, without its value', () => {
  const read = () => settingsOf({ WHERRY_RELOAD_HEADERS: 'X-Key: gehe\u0001im' });
  expect(read).toThrow(/^WHERRY_RELOAD_HEADERS: the value is not lines of the form/);
});
