import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { UnsettledError } from '../../src/failure/failure.ts';
import type { Bucket, PutRequest } from '../../src/release/bucket.ts';
import { contentOfBytes, contentOfFile } from '../../src/release/content.ts';
import { createCertificates, hasOpenssl } from '../reload/http/certificates.ts';
import { failureOf, soon } from '../support/calls.ts';
import { faults, s3FaultServer } from '../support/s3-fault-server.ts';
import { Releaser } from '../support/s3-release.ts';
import { temporaryDirectory } from '../support/temporary.ts';

async function bench() {
  const server = await s3FaultServer();
  const stored = server.createBucket('cfg');
  const { endpoint, accessKeyId, secretAccessKey } = server;
  const place = { endpoint, name: 'cfg', accessKeyId, secretAccessKey };
  const releaser = await Releaser.open(place);
  const { bucket } = releaser.target;
  return { server, stored, place, bucket, [Symbol.asyncDispose]: () => releaser[Symbol.asyncDispose]() };
}

const key = 'app/ü +%2F&x';
const bytes = (text: string) => contentOfBytes(Buffer.from(text));
const request = (text: string, more: Partial<PutRequest> = {}): PutRequest => ({
  key,
  content: bytes(text),
  contentType: 'text/plain',
  condition: { kind: 'none' },
  ...more,
});
const put = (bucket: Bucket, text: string, more?: Partial<PutRequest>) =>
  bucket.put(request(text, more), soon());

async function pagesOf<T>(listing: AsyncIterable<readonly T[]>): Promise<(readonly T[])[]> {
  const pages: (readonly T[])[] = [];
  for await (const page of listing) pages.push(page);
  return pages;
}

describe('a bucket', () => {
  test('gives back what was written, under any key', async () => {
    await using test = await bench();
    expect(await put(test.bucket, 'hi')).toBe('stored');
    expect((await test.bucket.read(key, 10, soon()))?.bytes.toString()).toBe('hi');
    expect(await test.bucket.sizeOf(key, soon())).toBe(2);
    const pages = await pagesOf(test.bucket.list('app/', soon()));
    expect(pages.flat()).toMatchObject([{ key, size: 2 }]);
  });

  test('takes an empty object', async () => {
    await using test = await bench();
    await put(test.bucket, '');
    expect((await test.bucket.read(key, 10, soon()))?.bytes.byteLength).toBe(0);
  });

  test('that speaks no TLS where it is asked in it says so', async () => {
    await using test = await bench();
    const endpoint = test.place.endpoint.replace('http:', 'https:');
    await using asked = await Releaser.open({ ...test.place, endpoint });
    const failure = await failureOf(asked.target.bucket.read(key, 10, soon()));
    expect(failure.message).toContain('it does not speak TLS there: is it an http:// address');
  });

  test('has nothing where nothing was written', async () => {
    await using test = await bench();
    expect(await test.bucket.read(key, 10, soon())).toBeUndefined();
    expect(await test.bucket.sizeOf(key, soon())).toBe('missing');
    expect((await pagesOf(test.bucket.list('app/', soon()))).flat()).toEqual([]);
  });

  test('is listed page by page', async () => {
    await using test = await bench();
    test.server.pageSize = 2;
    for (const name of ['a', 'b', 'c']) await put(test.bucket, name, { key: name });
    const pages = await pagesOf(test.bucket.list('', soon()));
    expect(pages.map((page) => page.map((object) => object.key))).toEqual([['a', 'b'], ['c']]);
  });

  test('is written to on a condition', async () => {
    await using test = await bench();
    const isNew = { condition: { kind: 'new' } } as const;
    expect(await put(test.bucket, 'a', isNew)).toBe('stored');
    expect(await put(test.bucket, 'b', isNew)).toBe('refused');
    const etag = (await test.bucket.read(key, 10, soon()))?.etag ?? '';
    const same = { condition: { kind: 'same', etag } } as const;
    expect(await put(test.bucket, 'b', same)).toBe('stored');
    expect(await put(test.bucket, 'c', same)).toBe('refused');
    expect((await test.bucket.read(key, 10, soon()))?.bytes.toString()).toBe('b');
    expect(await put(test.bucket, 'c', { ...same, key: 'gone' })).toBe('refused');
  });

  test('is sent contents with their length and their digest, and not in chunks', async () => {
    await using test = await bench();
    const path = join(await temporaryDirectory(), 'large');
    const content = randomBytes(5_000_000);
    await writeFile(path, content);
    const { sha256, size } = contentOfBytes(content);
    await put(test.bucket, '', { content: contentOfFile(path, size, sha256) });
    expect(test.server.requests.at(-1)?.headers).toMatchObject({
      'content-length': String(size),
      'x-amz-content-sha256': sha256,
    });
    expect(test.server.requests.at(-1)?.headers['transfer-encoding']).toBeUndefined();
    expect((await test.bucket.read(key, size, soon()))?.bytes.equals(content)).toBe(true);
  });
});

describe('a file that was changed since it was read', () => {
  test.each([
    ['is longer', 'hello, world'],
    ['is shorter', 'hel'],
    ['has other bytes', 'HELLO'],
  ])('and %s is never an object', async (_, now) => {
    await using test = await bench();
    const path = join(await temporaryDirectory(), 'file');
    await writeFile(path, now);
    const { sha256, size } = bytes('hello');
    const failure = await failureOf(put(test.bucket, '', { content: contentOfFile(path, size, sha256) }));
    expect(failure).toBeInstanceOf(UnsettledError);
    expect(failure.message).toContain(`${path} changed while it was being released`);
    expect(test.stored.find(key)).toBeUndefined();
  });

  test('and is gone is never an object', async () => {
    await using test = await bench();
    const { sha256, size } = bytes('hello');
    const content = contentOfFile(join(await temporaryDirectory(), 'gone'), size, sha256);
    expect(await failureOf(put(test.bucket, '', { content }))).toBeInstanceOf(UnsettledError);
  });
});

describe('an answer', () => {
  const operations = {
    read: (bucket: Bucket) => bucket.read(key, 100, soon()),
    look: (bucket: Bucket) => bucket.sizeOf(key, soon()),
    list: (bucket: Bucket) => pagesOf(bucket.list('', soon())),
    write: (bucket: Bucket) => put(bucket, 'x'),
  };
  const each = Object.entries(operations);

  test.each(each)('that is a page for people is none of a store (%s)', async (_, act) => {
    await using test = await bench();
    test.server.arm(faults.html(), { times: 100 });
    const failure = await failureOf(act(test.bucket));
    expect(failure.kind).toBe('unreachable');
    expect(failure.message).toContain('is no S3 store');
  });

  test.each(each)('that says nothing is none of a store (%s)', async (_, act) => {
    await using test = await bench();
    test.server.arm(faults.emptyBody(), { times: 100 });
    expect(await failureOf(act(test.bucket))).toMatchObject({ kind: 'unreachable' });
  });

  test.each(each)('that the store is busy is waited for (%s)', async (_, act) => {
    await using test = await bench();
    await put(test.bucket, 'x');
    test.server.arm(faults.slowDown());
    await act(test.bucket);
    test.server.arm(faults.reset());
    await act(test.bucket);
  });

  test.each([
    [faults.error(403, 'AccessDenied'), 'denied', 'HTTP 403 AccessDenied'],
    [faults.error(403, 'SignatureDoesNotMatch'), 'denied', 'check the access key'],
    [faults.error(400, 'ExpiredToken'), 'denied', 'check the access key'],
    [faults.error(404, 'NoSuchBucket'), 'missing', 'has no such bucket'],
    [faults.error(400, 'EntityTooLarge'), 'refused', 'EntityTooLarge'],
    [faults.error(501, 'NotImplemented'), 'refused', 'cannot compare and swap'],
  ])('%# tells what is wrong', async (fault, kind, found) => {
    await using test = await bench();
    test.server.arm(fault, { times: 100 });
    const failure = await failureOf(put(test.bucket, 'x', { condition: { kind: 'new' } }));
    expect(failure.kind).toBe(kind);
    expect(failure.message).toContain(found);
    expect(failure.message).not.toContain(test.place.secretAccessKey);
  });

  test('that is cut short is none', async () => {
    await using test = await bench();
    await put(test.bucket, 'x'.repeat(1000));
    test.server.arm(faults.resetAfter(10), { times: 100 });
    expect(await failureOf(test.bucket.read(key, 2000, soon()))).toMatchObject({ kind: 'unreachable' });
  });

  test('that is too large is not read', async () => {
    await using test = await bench();
    await put(test.bucket, 'x'.repeat(1000));
    expect(await failureOf(test.bucket.read(key, 999, soon()))).toMatchObject({ kind: 'refused' });
  });
});

test('a write ends with its signal', async () => {
  await using test = await bench();
  test.server.arm(faults.stall(), { times: 100 });
  const reason = new Error('enough');
  const stop = new AbortController();
  const writing = test.bucket.put(request('x'), stop.signal);
  await expect.poll(() => test.server.requests.length).toBe(1);
  stop.abort(reason);
  await expect(writing).rejects.toBe(reason);
});

test.skipIf(!hasOpenssl)('a certificate is trusted by its authority, and by nothing else', async () => {
  const { ca, cert, key: privateKey } = await createCertificates('DNS:localhost');
  const server = await s3FaultServer({ tls: { cert, key: privateKey } });
  server.createBucket('cfg');
  const { endpoint, accessKeyId, secretAccessKey } = server;
  const place = { endpoint, name: 'cfg', accessKeyId, secretAccessKey };
  await using trusting = await Releaser.open(place, true, { WHERRY_S3_CA: ca });
  expect(await put(trusting.target.bucket, 'hi')).toBe('stored');
  await using other = await Releaser.open(place);
  const failure = await failureOf(put(other.target.bucket, 'hi'));
  expect(failure.kind).toBe('denied');
  expect(failure.message).toContain('WHERRY_S3_CA: the certificate of s3://cfg at https://localhost');
});
