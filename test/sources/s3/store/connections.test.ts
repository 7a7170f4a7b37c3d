import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { ETag } from '../../../../src/sources/s3/store/store.ts';
import { failureOf, soon } from '../../../support/calls.ts';
import { ForwardProxy } from '../../../support/git-proxy.ts';
import { silentServer } from '../../../support/silent-server.ts';
import { readObject, wireStore } from '../../../support/wire-store.ts';

const setting = 'WHERRY_S3_OBJECT';
const keys = { accessKeyId: 'id', secretAccessKey: 'secret' };
const large = Buffer.alloc(400 * 1024, 'x');

/** Answers everything with the same large object, whatever the conditions. */
async function servedLarge() {
  const sockets = new Set<Socket>();
  let accepted = 0;
  const headers = { ETag: '"tag"', 'Content-Length': large.byteLength };
  const server = http.createServer((_, response) => response.writeHead(200, headers).end(large));
  server.on('connection', (socket) => {
    accepted += 1;
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const { store } = wireStore({ ...keys, endpoint: `http://127.0.0.1:${port}` }, 'bucket');
  return { store, open: () => sockets.size, accepted: () => accepted };
}

test('a large object that was read leaves its connection to the next one', async () => {
  const { store, accepted } = await servedLarge();
  for (let round = 0; round < 3; round++) {
    expect((await readObject({ store }, 'key')).bytes.byteLength).toBe(large.byteLength);
  }
  expect(accepted()).toBe(1);
});

test.each(['ifNoneMatch', 'ifMatch'])(
  'content that nobody wants keeps no connection (%s is ignored)',
  async (condition) => {
    const { store, open } = await servedLarge();
    const etag = (condition === 'ifMatch' ? 'other' : 'tag') as ETag;
    for (let round = 0; round < 3; round++) {
      const { kind } = await store.get({ key: 'key', setting, [condition]: etag }, soon());
      expect(kind).not.toBe('found');
    }
    await expect.poll(open, { timeout: 3000 }).toBe(0);
  },
);

describe('behind a proxy', () => {
  const timeouts = { connect: 200 };

  test('that does not answer, a request ends in time', async () => {
    const env = { HTTPS_PROXY: `http://127.0.0.1:${await silentServer()}` };
    const { store } = wireStore({ ...keys, endpoint: 'https://s3.test' }, 'bucket', { env, timeouts });
    const failure = await failureOf(store.get({ key: 'key', setting }, soon()));
    expect(failure.kind).toBe('unreachable');
    expect(failure.message).toContain('no connection was made within 0.2 s');
  }, 5000);

  test('that leads to a host that does not answer, a request ends when it is aborted', async () => {
    const proxy = await ForwardProxy.start();
    const endpoint = `https://127.0.0.1:${await silentServer()}`;
    const { store } = wireStore({ ...keys, endpoint }, 'bucket', { env: { HTTPS_PROXY: proxy.url } });
    const abort = new AbortController();
    const call = store.get({ key: 'key', setting }, abort.signal);
    await expect.poll(() => proxy.seen).toHaveLength(1);
    abort.abort(new Error('enough'));
    await expect(call).rejects.toThrow('enough');
  }, 5000);
});
