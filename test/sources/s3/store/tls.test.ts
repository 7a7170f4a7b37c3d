import { describe, expect, test } from 'vitest';
import { failureOf, soon } from '../../../support/calls.ts';
import { Authority } from '../../../support/git-certificates.ts';
import { ForwardProxy } from '../../../support/git-proxy.ts';
import { s3FaultServer } from '../../../support/s3-fault-server.ts';
import { readObject, wireStore } from '../../../support/wire-store.ts';

const setting = 'WHERRY_S3_OBJECT';

async function servedByTls() {
  const authority = await Authority.create();
  const server = await s3FaultServer({ tls: await authority.issue() });
  server.createBucket('bucket').put('a/../b c', 'content');
  return { authority, server, settings: { CA: authority.cert } };
}

describe('over HTTPS', () => {
  test('a private authority is trusted, and the connection is kept', async () => {
    const { server, settings } = await servedByTls();
    const s3 = wireStore(server, 'bucket', { settings });
    for (let round = 0; round < 3; round++) {
      expect((await readObject(s3, 'a/../b c')).bytes.toString()).toBe('content');
    }
    expect(server.connections).toBe(1);
  });

  test('an unknown authority is denied, and the setting is named', async () => {
    const { server } = await servedByTls();
    const { store } = wireStore(server, 'bucket');
    const failure = await failureOf(store.get({ key: 'key', setting }, soon()));
    expect(failure.kind).toBe('denied');
    expect(failure.message).toMatch(/^WHERRY_S3_CA: the certificate of .* is not trusted/);
  });

  test('text that is no certificate is denied', async () => {
    const { server } = await servedByTls();
    const CA = '-----BEGIN CERTIFICATE-----\nbm8=\n-----END CERTIFICATE-----';
    const { store } = wireStore(server, 'bucket', { settings: { CA } });
    const failure = await failureOf(store.get({ key: 'key', setting }, soon()));
    expect(failure.kind).toBe('denied');
    expect(failure.message).toMatch(/^WHERRY_S3_CA: /);
  });

  test('a customer’s key goes along with objects, and only with them', async () => {
    const { server, settings } = await servedByTls();
    const SSE_C_KEY = Buffer.alloc(32, 7).toString('base64');
    const s3 = wireStore(server, 'bucket', { settings: { ...settings, SSE_C_KEY } });
    await readObject(s3, 'a/../b c');
    for await (const _ of s3.store.list('', soon()));
    const name = 'x-amz-server-side-encryption-customer-key';
    expect(server.requests.map(({ headers }) => headers[name])).toEqual([SSE_C_KEY, undefined]);
  });

  test('a server without TLS is told as such', async () => {
    const server = await s3FaultServer();
    const target = { ...server, endpoint: server.endpoint.replace('http:', 'https:') };
    const { store } = wireStore(target, 'bucket');
    const failure = await failureOf(store.get({ key: 'key', setting }, soon()));
    expect(failure.message).toMatch(/does not speak TLS/);
  });
});

describe('through a proxy', () => {
  test('HTTPS goes by CONNECT', async () => {
    const { server, settings } = await servedByTls();
    const proxy = await ForwardProxy.start();
    const s3 = wireStore(server, 'bucket', { settings, env: { HTTPS_PROXY: proxy.url } });
    for (let round = 0; round < 3; round++) await readObject(s3, 'a/../b c');
    expect(proxy.seen).toEqual([`CONNECT ${new URL(server.endpoint).host}`]);
  });

  test('HTTP goes by its whole address', async () => {
    const server = await s3FaultServer();
    server.createBucket('bucket').put('b c', 'content');
    const proxy = await ForwardProxy.start();
    const s3 = wireStore(server, 'bucket', { env: { HTTP_PROXY: proxy.url } });
    expect((await readObject(s3, 'b c')).bytes.toString()).toBe('content');
    expect(proxy.seen).toEqual([`GET ${server.endpoint}/bucket/b%20c`]);
  });

  test('a key over HTTP is not collapsed on the way there', async () => {
    const server = await s3FaultServer();
    const proxy = await ForwardProxy.start('px:secret');
    const { store } = wireStore(server, 'bucket', { env: { HTTP_PROXY: proxy.url } });
    const failure = await failureOf(store.get({ key: 'a/../../other/key', setting }, soon()));
    expect(failure.message).toMatch(/^HTTP_PROXY: .*407/);
    expect(proxy.seen).toEqual([`GET ${server.endpoint}/bucket/a/../../other/key`]);
  });

  test('hosts of NO_PROXY are spoken to directly', async () => {
    const { server, settings } = await servedByTls();
    const proxy = await ForwardProxy.start();
    const env = { HTTPS_PROXY: proxy.url, NO_PROXY: 'localhost' };
    await readObject(wireStore(server, 'bucket', { settings, env }), 'a/../b c');
    expect(proxy.seen).toEqual([]);
  });

  test('one that refuses is named', async () => {
    const { server, settings } = await servedByTls();
    const proxy = await ForwardProxy.start('px:secret');
    const { store } = wireStore(server, 'bucket', { settings, env: { HTTPS_PROXY: proxy.url } });
    const failure = await failureOf(store.get({ key: 'key', setting }, soon()));
    expect(failure.kind).toBe('denied');
    expect(failure.message).toMatch(/^HTTPS_PROXY: /);
  });

  test('one that is not there is unreachable', async () => {
    const { server, settings } = await servedByTls();
    const env = { HTTPS_PROXY: 'http://127.0.0.1:1' };
    const { store } = wireStore(server, 'bucket', { settings, env });
    expect((await failureOf(store.get({ key: 'key', setting }, soon()))).kind).toBe('unreachable');
  });
});
