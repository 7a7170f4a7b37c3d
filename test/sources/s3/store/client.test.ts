import { describe, expect, test } from 'vitest';
import type { ETag } from '../../../../src/sources/s3/store/store.ts';
import { failureOf, soon } from '../../../support/calls.ts';
import { faults, s3FaultServer } from '../../../support/s3-fault-server.ts';
import { keyPair, readObject, type WireStoreOptions, wireStore } from '../../../support/wire-store.ts';

const setting = 'WHERRY_S3_OBJECT';

async function served(options: WireStoreOptions & { readonly region?: string } = {}) {
  const server = await s3FaultServer(options.region === undefined ? {} : { region: options.region });
  const bucket = server.createBucket('bucket');
  bucket.put('key', 'content');
  return { server, bucket, ...wireStore(server, 'bucket', options) };
}

describe('is tried again', () => {
  test.each([
    ['a 500', faults.error(500, 'InternalError')],
    ['a 502 of a proxy', faults.html(502)],
    ['a 503', faults.slowDown()],
    ['a 504 without words', faults.emptyBody(504)],
    ['a 429', faults.error(429, 'TooManyRequests')],
    ['a request that came too slowly', faults.error(400, 'RequestTimeout')],
    ['a reset', faults.reset()],
    ['a silence before the headers', faults.stall()],
  ])('%s', async (_, fault) => {
    const { server, ...s3 } = await served({ timeouts: { firstByte: 300 } });
    server.arm(fault, { times: 2 });
    expect((await readObject(s3, 'key')).bytes.toString()).toBe('content');
    expect(server.requests).toHaveLength(3);
  });

  test('a listing that broke off', async () => {
    const { server, store } = await served();
    server.arm(faults.resetAfter(20));
    expect(await firstPage(store)).toEqual(['key']);
    expect(server.requests).toHaveLength(2);
  });

  test('a listing that turned into an error', async () => {
    const { server, store } = await served();
    server.arm(faults.errorIn200());
    expect(await firstPage(store)).toEqual(['key']);
    expect(server.requests).toHaveLength(2);
  });

  test('not before the time that the store asks for', async () => {
    const { server, ...s3 } = await served();
    server.arm(faults.slowDown(1));
    const started = performance.now();
    await readObject(s3, 'key');
    expect(performance.now() - started).toBeGreaterThanOrEqual(990);
  });

  test('and the wait ends when it is aborted', async () => {
    const { server, store } = await served();
    server.arm(faults.slowDown(15));
    const abort = new AbortController();
    const call = store.get({ key: 'key', setting }, abort.signal);
    await expect.poll(() => server.requests[0]?.status).toBe(503);
    abort.abort(new Error('enough'));
    await expect(call).rejects.toThrow('enough');
  });

  test('a kept connection that the server had closed, uncounted', async () => {
    const { bucket, server, store, counted } = await served();
    const etag = bucket.find('key')?.etag as ETag;
    for (let round = 0; round < 5; round++) {
      await store.get({ key: 'key', setting, ifNoneMatch: etag }, soon());
      server.dropConnections();
    }
    expect(counted.filter((line) => line !== 'get 304')).toEqual([]);
  });
});

describe('is not tried again', () => {
  test.each([
    ['a bad request', faults.error(400, 'InvalidRequest')],
    ['a page of a portal', faults.html()],
    ['a method that is not there', faults.error(501, 'NotImplemented')],
    ['a missing key', faults.error(404, 'NoSuchKey')],
  ])('%s', async (_, fault) => {
    const { server, store } = await served();
    server.arm(fault);
    await failureOf(store.get({ key: 'key', setting }, soon()));
    expect(server.requests).toHaveLength(1);
  });
});

describe('every request is bounded', () => {
  test('in the time until it is answered', async () => {
    const { server, store, counted } = await served({ timeouts: { firstByte: 200 } });
    server.arm(faults.stall(), { times: 3 });
    const failure = await failureOf(store.get({ key: 'key', setting }, soon()));
    expect(failure.kind).toBe('unreachable');
    expect(failure.message).toMatch(/did not answer within 0.2 s, after 3 attempts/);
    expect(counted).toEqual(['get error', 'get error', 'get error']);
  });

  test('by its signal', async () => {
    const { server, store, counted } = await served();
    server.arm(faults.stall());
    const abort = new AbortController();
    const call = store.get({ key: 'key', setting }, abort.signal);
    await expect.poll(() => server.requests).toHaveLength(1);
    abort.abort(new Error('enough'));
    await expect(call).rejects.toThrow('enough');
    expect(counted).toEqual([]);
    await expect(store.get({ key: 'key', setting }, abort.signal)).rejects.toThrow('enough');
  });

  test('in the time until it is connected', async () => {
    // Of documentation: nobody answers there, or the system says at once that there is no way.
    const target = { endpoint: 'http://192.0.2.1', accessKeyId: 'id', secretAccessKey: 'secret' };
    const { store } = wireStore(target, 'bucket', { timeouts: { connect: 200 } });
    expect((await failureOf(store.get({ key: 'key', setting }, soon()))).kind).toBe('unreachable');
  });

  test('where nobody listens', async () => {
    const target = { endpoint: 'http://127.0.0.1:1', accessKeyId: 'id', secretAccessKey: 'secret' };
    const { store } = wireStore(target, 'bucket');
    const failure = await failureOf(store.get({ key: 'key', setting }, soon()));
    expect(failure.message).toMatch(
      /^WHERRY_S3_ENDPOINT: .* could not be reached: the connection was refused/,
    );
  });

  test('where no such host is', async () => {
    const target = { endpoint: 'http://nowhere.invalid', accessKeyId: 'id', secretAccessKey: 'secret' };
    const { store } = wireStore(target, 'bucket');
    const failure = await failureOf(store.get({ key: 'key', setting }, soon()));
    expect(failure.kind).toBe('unreachable');
    expect(failure.message).toMatch(/cannot be resolved/);
  });

  test('where no such host is because the bucket is in its name', async () => {
    const target = { endpoint: 'http://nowhere.invalid', accessKeyId: 'id', secretAccessKey: 'secret' };
    const { store } = wireStore(target, 'bucket', { settings: { PATH_STYLE: 'false' } });
    const failure = await failureOf(store.get({ key: 'key', setting }, soon()));
    expect(failure.message).toMatch(
      /^WHERRY_S3_PATH_STYLE: .* the host name bucket\.nowhere\.invalid cannot be resolved; set it to true/,
    );
  });
});

describe('the bucket’s own region', () => {
  test('is taken from the store, and kept', async () => {
    const { server, log, store, ...s3 } = await served({ region: 'eu-central-1' });
    for (let round = 0; round < 3; round++) await readObject({ store, ...s3 }, 'key');
    expect(server.requests.map(({ status }) => status)).toEqual([400, 200, 200, 200]);
    expect(store.client.region).toBe('eu-central-1');
    expect(log.of('info')).toHaveLength(1);
  });

  test('is taken from a permanent redirect', async () => {
    const { server, store, ...s3 } = await served({ region: 'eu-central-1' });
    server.arm(faults.redirect('eu-central-1'));
    expect((await readObject({ store, ...s3 }, 'key')).bytes.toString()).toBe('content');
    expect(server.requests.map(({ status }) => status)).toEqual([301, 200]);
  });

  test('is looked for once', async () => {
    const { server, store } = await served();
    server.arm(faults.redirect('eu-central-1'), { times: 10 });
    const failure = await failureOf(store.get({ key: 'key', setting }, soon()));
    expect(failure.message).toMatch(/^WHERRY_S3_REGION: .*HTTP 301/);
    expect(server.requests).toHaveLength(2);
  });

  test('many requests at once learn together', async () => {
    const { server: _, log, ...s3 } = await served({ region: 'eu-central-1' });
    const all = await Promise.all(Array.from({ length: 16 }, () => readObject(s3, 'key')));
    expect(all.map(({ bytes }) => bytes.toString())).toEqual(Array(16).fill('content'));
    expect(log.of('info')).toHaveLength(1);
  });
});

describe('a redirect', () => {
  test('to a host below the endpoint’s is followed', async () => {
    const { server, ...s3 } = await served();
    const { port } = new URL(server.endpoint);
    server.arm(faults.temporaryRedirect(`http://bucket.localhost:${port}/key`));
    expect((await readObject(s3, 'key')).bytes.toString()).toBe('content');
    expect(server.requests[1]?.headers.host).toBe(`bucket.localhost:${port}`);
  });

  test('to another host is not', async () => {
    const { server, store } = await served();
    const other = await s3FaultServer();
    server.arm(faults.temporaryRedirect(other.endpoint.replace('localhost', '127.0.0.1')));
    const failure = await failureOf(store.get({ key: 'key', setting }, soon()));
    expect(failure.message).toMatch(/redirects to http:\/\/127\.0\.0\.1.*WHERRY_S3_REGION/);
    expect(other.requests).toEqual([]);
  });
});

describe('a clock that is wrong', () => {
  test.each([3_600_000, -3_600_000])('by %i ms is corrected, and told once', async (skew) => {
    const { server, log, store, ...s3 } = await served();
    server.clockSkew = skew;
    for (let round = 0; round < 3; round++) await readObject({ store, ...s3 }, 'key');
    expect(server.requests.map(({ status }) => status)).toEqual([403, 200, 200, 200]);
    expect(log.of('warn').map(({ message }) => message)).toEqual([
      expect.stringMatching(skew > 0 ? /clock is 3\d{3} s behind/ : /clock is 3\d{3} s ahead of/),
    ]);
    expect(Math.abs((store.client.skew ?? 0) - skew)).toBeLessThan(10_000);
  });
});

describe('credentials that are refused', () => {
  test.each([
    ['an unknown key', keyPair('OTHER', 'secret')],
    ['a wrong secret', keyPair('AKIDEXAMPLE', 'secret')],
    ['a foreign token', keyPair('AKIDEXAMPLE', 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY', 'token')],
  ])('are renewed once: %s', async (_, wrong) => {
    const server = await s3FaultServer();
    server.createBucket('bucket').put('key', 'content');
    const good = keyPair(server.accessKeyId, server.secretAccessKey);
    const { refused, ...s3 } = wireStore(server, 'bucket', { credentials: [wrong, good] });
    expect((await readObject(s3, 'key')).bytes.toString()).toBe('content');
    expect(refused).toEqual([wrong.accessKeyId]);
  });

  test.each([
    ['an unknown key', keyPair('OTHER', 'tell-nobody'), /does not know the access key .* from the test/],
    ['a wrong secret', keyPair('AKIDEXAMPLE', 'tell-nobody'), /the secret access key is not the one/],
    [
      'a foreign token',
      keyPair('AKIDEXAMPLE', 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY', 'tell-nobody'),
      /refused the session token/,
    ],
  ])('are named, and never shown: %s', async (_, wrong, message) => {
    const { server, store } = await served({ credentials: [wrong] });
    const failure = await failureOf(store.get({ key: 'key', setting }, soon()));
    expect(failure.kind).toBe('denied');
    expect(failure.message).toMatch(message);
    expect(failure.message).not.toContain('tell-nobody');
    expect(server.requests).toHaveLength(1);
  });

  test('are not looked for at each poll where a refusal may mean a missing key', async () => {
    const { bucket, store, refused } = await served();
    bucket.hidesMissing = true;
    for (let poll = 0; poll < 3; poll++) await failureOf(store.get({ key: 'missing', setting }, soon()));
    expect(refused).toHaveLength(1);
  });
});

test('what was asked is counted by class and result', async () => {
  const { server, counted, store, ...s3 } = await served();
  server.arm(faults.reset());
  server.arm(faults.slowDown());
  await readObject({ store, ...s3 }, 'key');
  await firstPage(store);
  for await (const _ of store.listVersions('', soon())) break;
  expect(counted).toEqual(['get error', 'get 503', 'get 200', 'list 200', 'list-versions 200']);
});

test('opening a store asks nothing', async () => {
  const { server, store } = await served();
  await store[Symbol.asyncDispose]();
  expect([server.requests.length, server.connections]).toEqual([0, 0]);
});

async function firstPage(store: Awaited<ReturnType<typeof served>>['store']): Promise<string[]> {
  for await (const page of store.list('', soon())) return page.map(({ key }) => key);
  return [];
}

test('a host that a redirect led to and that is gone is given up for the one of the settings', async () => {
  const { server, bucket, ...s3 } = await served();
  const other = await s3FaultServer();
  other.createBucket('bucket').put('key', 'elsewhere');
  server.arm(faults.temporaryRedirect(`${other.endpoint}/bucket/key`));
  expect((await readObject(s3, 'key')).bytes.toString()).toBe('elsewhere');
  await other[Symbol.asyncDispose]();
  expect((await readObject(s3, 'key')).bytes.toString()).toBe('content');
});
