import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import tls from 'node:tls';
import { expect, onTestFinished, test, vi } from 'vitest';
import { HttpClient } from '../../../src/platform/http/client.ts';
import type { HttpRequest } from '../../../src/platform/http/exchange.ts';
import { WireAnswer } from '../../../src/platform/http/wire/answer.ts';
import { Wire, type WireOptions } from '../../../src/platform/http/wire/wire.ts';
import { Authority } from '../../support/git-certificates.ts';
import { rawServer } from './raw-server.ts';

const timeouts = { connect: 5000, firstByte: 5000, silence: 5000 };
const never = new AbortController().signal;
const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

function client(): HttpClient {
  const made = new HttpClient({ proxyEnv: {}, timeouts, maxFree: 2 });
  onTestFinished(() => made[Symbol.dispose]());
  return made;
}

function wire(more: Partial<WireOptions> = {}): Wire {
  const made = new Wire({ timeouts, maxFree: 2, idle: 90_000, ...more });
  onTestFinished(() => made[Symbol.dispose]());
  return made;
}

function request(port: number, more: Partial<HttpRequest> = {}): HttpRequest {
  const origin = { secure: false, hostname: '127.0.0.1', port };
  return { origin, method: 'GET', path: '/', headers: { host: 'x' }, ...more };
}

async function get(from: HttpClient, port: number): Promise<string | undefined> {
  using incoming = await from.send(request(port), never);
  return (await incoming.whole(1_000_000))?.toString('latin1');
}

/** A server that answers the same to everything, and the connections to it that are open. */
async function counting(answer: string) {
  const open = new Set<Socket>();
  const port = await rawServer((socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket)).write(answer);
  });
  return { port, open };
}

function taps() {
  const calls: string[] = [];
  const tap = {
    pause: () => void calls.push('pause'),
    resume: () => void calls.push('resume'),
    destroy: () => void calls.push('destroy'),
  };
  return { calls, answer: new WireAnswer({ status: 200, headers: {}, version: '1.1' }, tap) };
}

test('a connection flows again when its answer is whole, before all of that is taken', () => {
  const { calls, answer } = taps();
  answer.give(Buffer.alloc(70_000));
  answer.end();
  expect(calls).toEqual(['pause', 'resume']);
});

test('the connection of a whole answer is not its own any more: who gives it up closes nothing', () => {
  const { calls, answer } = taps();
  answer.give(Buffer.alloc(10));
  answer.end();
  answer.destroy();
  expect(calls).toEqual([]);
});

test('requests that begin at once share a client that can be closed', async () => {
  const { port, open } = await counting(ok);
  const from = client();
  expect(await Promise.all([get(from, port), get(from, port)])).toEqual(['ok', 'ok']);
  from[Symbol.dispose]();
  await expect.poll(() => open.size).toBe(0);
});

test.each([
  ['cannot be sent', { path: '/a b' }, never],
  ['comes too late', {}, AbortSignal.abort(new Error('late'))],
])('a request that %s opens no connection', async (_, more, signal) => {
  const seen: (number | undefined)[] = [];
  const server = createServer(({ remotePort }) => void seen.push(remotePort));
  onTestFinished(() => void server.close());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  await expect(wire().send(request(port, more), signal)).rejects.toThrow();
  // What was opened before it is seen before it.
  const last = connect(port, '127.0.0.1');
  await once(last, 'connect');
  await expect.poll(() => seen).toContain(last.localPort);
  expect(seen).toHaveLength(1);
  last.destroy();
});

test('a client that was closed sends nothing more', async () => {
  const { port, open } = await counting(ok);
  const from = wire();
  from[Symbol.dispose]();
  await expect(from.send(request(port), never)).rejects.toMatchObject({ code: 'ECONNRESET' });
  expect(open.size).toBe(0);
});

async function getBy(from: Wire, port: number): Promise<void> {
  const answer = await from.send(request(port), never);
  while (answer.take() !== undefined) await Promise.resolve();
}

test('a connection that nobody uses is closed after a while', async () => {
  const { port, open } = await counting(ok);
  await getBy(wire({ idle: 30 }), port);
  await expect.poll(() => open.size).toBe(0);
});

test('connections that are not to be used any more keep no place from others', async () => {
  const parting = 'HTTP/1.1 200 OK\r\nKeep-Alive: timeout=2\r\nContent-Length: 2\r\n\r\nok';
  const { port: first } = await counting(parting);
  let connections = 0;
  const second = await rawServer((socket, _, connection) => {
    connections = connection + 1;
    socket.write(ok);
  });
  const from = wire({ maxFree: 1 });
  await getBy(from, first);
  const { now } = performance;
  vi.spyOn(performance, 'now').mockImplementation(() => now.call(performance) + 2000);
  onTestFinished(() => void vi.restoreAllMocks());
  await getBy(from, second);
  await getBy(from, second);
  expect(connections).toBe(1);
});

test('a TLS session that the server fails at is not offered again', async () => {
  const authority = await Authority.create();
  let raw: Socket | undefined;
  const server = tls.createServer(await authority.issue(), (socket) => {
    socket.on('error', () => undefined);
    if (socket.isSessionReused()) return void raw?.resetAndDestroy();
    socket.end('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok');
  });
  server.on('connection', (socket: Socket) => {
    raw = socket;
  });
  onTestFinished(() => void server.close());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const from = wire({ ca: authority.cert });
  const origin = { secure: true, hostname: '127.0.0.1', port };
  const status = () =>
    from.send(request(port, { origin }), never).then(
      (answer) => answer.status,
      () => 'failed',
    );
  expect([await status(), await status(), await status()]).toEqual([200, 'failed', 200]);
});
