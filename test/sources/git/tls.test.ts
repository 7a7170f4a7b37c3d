import { dirname } from 'node:path';
import { describe, expect, test } from 'vitest';
import { failureOf, failuresOf, soon } from '../../support/calls.ts';
import { Authority } from '../../support/git-certificates.ts';
import { basic, type GitHttpOptions, GitHttpServer } from '../../support/git-http-server.ts';
import { ForwardProxy } from '../../support/git-proxy.ts';
import { GitRepository } from '../../support/git-repository.ts';
import { gitSource } from '../../support/git-source.ts';
import { take } from '../../support/taking.ts';

async function servedByTls(options: Partial<GitHttpOptions> & { readonly clients?: Authority } = {}) {
  const authority = await Authority.create();
  const repository = await GitRepository.create();
  const commit = await repository.commit({ 'a.txt': 'one' });
  const { clients, ...rest } = options;
  const tls = { ...(await authority.issue()), ...(clients && { clientCa: clients.cert }) };
  const server = await GitHttpServer.start({ root: dirname(repository.path), ...rest, tls });
  return { authority, repository, commit, server, address: `${server.url}/repo.git` };
}

describe('over HTTPS', () => {
  test('a private authority is trusted by probe and fetch', async () => {
    const { authority, commit, server, address } = await servedByTls({ authorization: basic('me', 'pw') });
    const settings = { CA: authority.cert, USERNAME: 'me', PASSWORD: 'pw' };
    await using git = await gitSource(address, { settings });
    expect((await take(git.source)).snapshot.revision).toBe(commit);
    await git.source.probe(undefined, soon());
    server.requests.length = 0;
    expect(await git.source.probe(commit as never, soon())).toEqual({ kind: 'unchanged' });
    expect(server.requests).toHaveLength(1);
  });

  test('an unknown authority is denied, and the setting is named', async () => {
    const { address } = await servedByTls();
    await using git = await gitSource(address);
    const calls = [git.source.probe(undefined, soon()), git.source.snapshot(soon())];
    for (const failure of await failuresOf(calls)) {
      expect(failure.kind).toBe('denied');
      expect(failure.message).toMatch(/^WHERRY_GIT_CA: the certificate of .* is not trusted/);
    }
  });

  test('another authority than the given one is denied', async () => {
    const { address } = await servedByTls();
    const { cert } = await Authority.create();
    await using git = await gitSource(address, { settings: { CA: cert } });
    const calls = [git.source.probe(undefined, soon()), git.source.snapshot(soon())];
    for (const failure of await failuresOf(calls)) {
      expect(failure.message).toMatch(/^WHERRY_GIT_CA: /);
    }
  });

  test('a certificate for another host is denied', async () => {
    const authority = await Authority.create();
    const repository = await GitRepository.create();
    await repository.commit({ 'a.txt': 'one' });
    const tls = await authority.issue('other.example');
    const server = await GitHttpServer.start({ root: dirname(repository.path), tls });
    await using git = await gitSource(`${server.url}/repo.git`, { settings: { CA: authority.cert } });
    expect((await failureOf(git.source.probe(undefined, soon()))).kind).toBe('denied');
  });

  test('text that is no certificate is denied', async () => {
    const { address } = await servedByTls();
    await using git = await gitSource(address, {
      settings: { CA: '-----BEGIN CERTIFICATE-----\nbm8=\n-----END CERTIFICATE-----' },
    });
    const calls = [git.source.probe(undefined, soon()), git.source.snapshot(soon())];
    for (const failure of await failuresOf(calls)) {
      expect(failure.kind).toBe('denied');
      expect(failure.message).toMatch(/^WHERRY_GIT_CA: /);
    }
  });

  test('a client certificate is shown to the server', async () => {
    const clients = await Authority.create();
    const { authority, commit, address } = await servedByTls({ clients });
    const client = await clients.issue('somebody');
    const settings = { CA: authority.cert, CLIENT_CERT: client.cert, CLIENT_KEY: client.key };
    await using git = await gitSource(address, { settings });
    expect((await take(git.source)).snapshot.revision).toBe(commit);
    expect(await git.source.probe(commit as never, soon())).toEqual({ kind: 'unchanged' });
  });

  test('a missing client certificate is asked for', async () => {
    const clients = await Authority.create();
    const { authority, address } = await servedByTls({ clients });
    await using git = await gitSource(address, { settings: { CA: authority.cert } });
    const calls = [git.source.probe(undefined, soon()), git.source.snapshot(soon())];
    for (const failure of await failuresOf(calls)) {
      expect(failure.kind).toBe('denied');
      expect(failure.message).toMatch(/^WHERRY_GIT_CLIENT_CERT: /);
    }
  });

  test('a client key that does not fit its certificate is denied', async () => {
    const clients = await Authority.create();
    const { authority, address } = await servedByTls({ clients });
    const [one, other] = [await clients.issue('one'), await clients.issue('other')];
    const settings = { CA: authority.cert, CLIENT_CERT: one.cert, CLIENT_KEY: other.key };
    await using git = await gitSource(address, { settings });
    const failure = await failureOf(git.source.probe(undefined, soon()));
    expect(failure.kind).toBe('denied');
    expect(failure.message).toMatch(/^WHERRY_GIT_CLIENT_CERT: /);
  });
});

describe('through a proxy', () => {
  test('HTTPS goes by CONNECT, probe and fetch alike', async () => {
    const { authority, commit, server, address } = await servedByTls();
    const proxy = await ForwardProxy.start();
    const env = { HTTPS_PROXY: proxy.url };
    await using git = await gitSource(address, { settings: { CA: authority.cert }, env });
    expect(await git.source.probe(commit as never, soon())).toEqual({ kind: 'unchanged' });
    expect(proxy.seen).toEqual([`CONNECT ${new URL(address).host}`]);
    expect(server.requests).toHaveLength(2);
    expect((await take(git.source)).snapshot.revision).toBe(commit);
    expect(proxy.seen).toHaveLength(2);
  });

  test('HTTP goes by the upper-case setting too', async () => {
    const repository = await GitRepository.create();
    const commit = await repository.commit({ 'a.txt': 'one' });
    const server = await GitHttpServer.start({ root: dirname(repository.path) });
    const proxy = await ForwardProxy.start();
    await using git = await gitSource(`${server.url}/repo.git`, { env: { HTTP_PROXY: proxy.url } });
    expect(await git.source.probe(commit as never, soon())).toEqual({ kind: 'unchanged' });
    expect(proxy.seen).toHaveLength(2);
    expect((await take(git.source)).snapshot.revision).toBe(commit);
    expect(proxy.seen.length).toBeGreaterThan(3);
  });

  test('hosts of NO_PROXY are spoken to directly', async () => {
    const { authority, commit, address } = await servedByTls();
    const proxy = await ForwardProxy.start();
    const env = { HTTPS_PROXY: proxy.url, NO_PROXY: 'example.com,localhost' };
    await using git = await gitSource(address, { settings: { CA: authority.cert }, env });
    expect(await git.source.probe(commit as never, soon())).toEqual({ kind: 'unchanged' });
    expect((await take(git.source)).snapshot.revision).toBe(commit);
    expect(proxy.seen).toEqual([]);
  });

  test('its credentials are sent to it', async () => {
    const { authority, commit, address } = await servedByTls();
    const proxy = await ForwardProxy.start('px:secret');
    const env = { HTTPS_PROXY: proxy.url.replace('//', '//px:secret@') };
    await using git = await gitSource(address, { settings: { CA: authority.cert }, env });
    expect(await git.source.probe(commit as never, soon())).toEqual({ kind: 'unchanged' });
    expect((await take(git.source)).snapshot.revision).toBe(commit);
  });

  test('one that refuses is named', async () => {
    const { authority, address } = await servedByTls();
    const proxy = await ForwardProxy.start('px:secret');
    const env = { HTTPS_PROXY: proxy.url };
    await using git = await gitSource(address, { settings: { CA: authority.cert }, env });
    const calls = [git.source.probe(undefined, soon()), git.source.snapshot(soon())];
    for (const failure of await failuresOf(calls)) {
      expect(failure.kind).toBe('denied');
      expect(failure.message).toMatch(/^HTTPS_PROXY: /);
    }
  });

  test('one that is not there is unreachable', async () => {
    const { authority, address } = await servedByTls();
    const env = { HTTPS_PROXY: 'http://127.0.0.1:1' };
    await using git = await gitSource(address, { settings: { CA: authority.cert }, env });
    const calls = [git.source.probe(undefined, soon()), git.source.snapshot(soon())];
    for (const failure of await failuresOf(calls)) {
      expect(failure.kind).toBe('unreachable');
    }
  });
});
