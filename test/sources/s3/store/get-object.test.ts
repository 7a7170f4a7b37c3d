import { describe, expect, test } from 'vitest';
import type { ETag } from '../../../../src/sources/s3/store/store.ts';
import { failureOf, soon } from '../../../support/calls.ts';
import { faults, s3FaultServer } from '../../../support/s3-fault-server.ts';
import { readObject, type WireStoreOptions, wireStore } from '../../../support/wire-store.ts';

async function served(options: WireStoreOptions & { readonly versioning?: boolean } = {}) {
  const server = await s3FaultServer();
  const bucket = server.createBucket('bucket', { versioning: options.versioning ?? false });
  return { server, bucket, ...wireStore(server, 'bucket', options) };
}

const setting = 'WHERRY_S3_OBJECT';

test('an object comes with what the store says of it', async () => {
  const { bucket, ...s3 } = await served({ versioning: true });
  const { etag, versionId, lastModified } = bucket.put('a/key', 'content');
  const { head, bytes } = await readObject(s3, 'a/key');
  expect(bytes.toString()).toBe('content');
  expect(head).toEqual({ key: 'a/key', etag, versionId, size: 7, lastModified });
});

test('the version of a bucket without versions is none', async () => {
  const { bucket, server, ...s3 } = await served();
  bucket.put('key', 'content');
  server.arm(faults.header('x-amz-version-id', 'null'));
  expect((await readObject(s3, 'key')).head.versionId).toBeUndefined();
});

test('an empty object is an object', async () => {
  const { bucket, ...s3 } = await served();
  bucket.put('key', '');
  expect((await readObject(s3, 'key')).bytes.byteLength).toBe(0);
});

test('one version is read by its name', async () => {
  const { bucket, ...s3 } = await served({ versioning: true });
  const { versionId } = bucket.put('key', 'old');
  bucket.put('key', 'new');
  expect((await readObject(s3, { key: 'key', versionId })).bytes.toString()).toBe('old');
});

test.each(['a/../../other/secret', 'a//b', '/a', './a', 'sp ace+plus', 'pct%2F', 'ü', 'lf\n', "!'()*"])(
  'the key %j is that key',
  async (key) => {
    const { bucket, server, ...s3 } = await served();
    server.createBucket('other').put('secret', 'wrong');
    bucket.put(key, 'right');
    expect((await readObject(s3, key)).bytes.toString()).toBe('right');
  },
);

describe('a conditional request', () => {
  test('finds the known object unchanged, over one connection', async () => {
    const { bucket, server, store, counted } = await served();
    const etag = bucket.put('key', 'content').etag as ETag;
    for (let poll = 0; poll < 5; poll++) {
      const answer = await store.get({ key: 'key', setting, ifNoneMatch: etag }, soon());
      expect(answer).toEqual({ kind: 'unchanged' });
    }
    expect(server.connections).toBe(1);
    expect(counted).toEqual(Array(5).fill('get 304'));
  });

  test('brings another object at once', async () => {
    const { bucket, ...s3 } = await served();
    bucket.put('key', 'content');
    const request = { key: 'key', ifNoneMatch: 'another' as ETag };
    expect((await readObject(s3, request)).bytes.toString()).toBe('content');
  });

  test('notices the replaced object', async () => {
    const { bucket, store } = await served();
    bucket.put('key', 'content');
    const answer = await store.get({ key: 'key', setting, ifMatch: 'another' as ETag }, soon());
    expect(answer).toEqual({ kind: 'replaced' });
  });

  test('needs no store that takes notice of it', async () => {
    const { bucket, server, store } = await served();
    const etag = bucket.put('key', 'content').etag as ETag;
    const ignoring = () =>
      server.arm(faults.answers(200, 'content', { ETag: `W/"${etag}"`, 'Content-Type': 'text/plain' }));
    ignoring();
    expect(await store.get({ key: 'key', setting, ifNoneMatch: etag }, soon())).toEqual({
      kind: 'unchanged',
    });
    ignoring();
    expect(await store.get({ key: 'key', setting, ifMatch: 'other' as ETag }, soon())).toEqual({
      kind: 'replaced',
    });
    expect(server.connections).toBe(1);
  });

  test('needs no ETag in the answer that nothing changed', async () => {
    const { server, store } = await served();
    server.arm(faults.answers(304));
    const answer = await store.get({ key: 'key', setting, ifNoneMatch: 'known' as ETag }, soon());
    expect(answer).toEqual({ kind: 'unchanged' });
  });
});

describe('what is no object is not taken for one', () => {
  test.each([
    ['a page of a portal', faults.html()],
    ['an empty answer', faults.emptyBody()],
    ['an object without an ETag', faults.withoutETag()],
    ['an object without a length', faults.chunked()],
    ['a 204', faults.answers(204)],
    ['a 304 that nobody asked for', faults.answers(304)],
    ['a 412 that nobody asked for', faults.answers(412, '', { ETag: '"x"' })],
    ['a part that nobody asked for', faults.answers(206, 'x', { ETag: '"x"' })],
    ['a 404 of another server', faults.html(404)],
  ])('%s', async (_, fault) => {
    const { bucket, server, store } = await served();
    bucket.put('key', 'content');
    server.arm(fault);
    const failure = await failureOf(store.get({ key: 'key', setting }, soon()));
    expect(failure.kind).toBe('unreachable');
    expect(failure.message).toMatch(/^WHERRY_S3_ENDPOINT: .*s3:\/\/bucket at http:/);
  });

  test('and of a stranger’s text only the start is shown, without control characters', async () => {
    const { server, store } = await served();
    server.arm(faults.answers(404, `\u001b[31m${'text '.repeat(100)}`));
    const { message } = await failureOf(store.get({ key: 'key', setting }, soon()));
    expect(message).toContain('[31mtext text');
    expect(message).not.toContain('\u001b');
    expect(message.length).toBeLessThan(400);
  });
});

describe('an answer that is no object is told in words', () => {
  test('a missing key', async () => {
    const { store } = await served();
    const failure = await failureOf(store.get({ key: 'key', setting }, soon()));
    expect(failure.kind).toBe('missing');
    expect(failure.message).toMatch(
      /^WHERRY_S3_OBJECT: the object "key" in s3:\/\/bucket at .* does not exist/,
    );
  });

  test('a deleted key', async () => {
    const { bucket, store } = await served({ versioning: true });
    bucket.put('key', 'content');
    bucket.delete('key');
    const failure = await failureOf(store.get({ key: 'key', setting }, soon()));
    expect(failure.kind).toBe('missing');
    expect(failure.message).toMatch(/was deleted: there is a delete marker/);
  });

  test('a version that is a deletion', async () => {
    const { bucket, store } = await served({ versioning: true });
    bucket.put('key', 'content');
    const versionId = bucket.delete('key')?.versionId;
    const failure = await failureOf(store.get({ key: 'key', setting, versionId }, soon()));
    expect(failure.kind).toBe('missing');
    expect(failure.message).toMatch(/delete marker/);
  });

  test('a missing version', async () => {
    const { bucket, store } = await served({ versioning: true });
    bucket.put('key', 'content');
    const failure = await failureOf(store.get({ key: 'key', setting, versionId: 'none' }, soon()));
    expect(failure.kind).toBe('missing');
    expect(failure.message).toMatch(/has no version "none"/);
  });

  test('a missing bucket', async () => {
    const { server } = await served();
    const { store } = wireStore(server, 'no-bucket');
    const failure = await failureOf(store.get({ key: 'key', setting }, soon()));
    expect(failure.kind).toBe('missing');
    expect(failure.message).toMatch(/^WHERRY_S3_BUCKET: s3:\/\/no-bucket at .* does not exist/);
  });

  test('a refusal that may mean that it is missing', async () => {
    const { bucket, store } = await served();
    bucket.hidesMissing = true;
    const failure = await failureOf(store.get({ key: 'key', setting }, soon()));
    expect(failure.kind).toBe('denied');
    expect(failure.message).toMatch(/^WHERRY_S3_CREDENTIALS: .*s3:ListBucket.*those from the test/);
  });

  test('a refusal of who shows no credentials', async () => {
    const { bucket, store } = await served({ credentials: [undefined] });
    bucket.put('key', 'content');
    const failure = await failureOf(store.get({ key: 'key', setting }, soon()));
    expect(failure.kind).toBe('denied');
    expect(failure.message).toMatch(/the request was not signed/);
  });

  test('an object in an archive', async () => {
    const { bucket, store } = await served();
    bucket.put('key', 'content', { storageClass: 'GLACIER' });
    const failure = await failureOf(store.get({ key: 'key', setting }, soon()));
    expect(failure.message).toMatch(/^WHERRY_S3_OBJECT: .* archive class/);
  });

  test('a firewall’s page', async () => {
    const { server, store } = await served();
    server.arm(faults.html(403));
    const failure = await failureOf(store.get({ key: 'key', setting }, soon()));
    expect(failure.kind).toBe('denied');
    expect(failure.message).toMatch(/^WHERRY_S3_ENDPOINT: .*HTTP 403/);
  });

  test('an error of the store, after some attempts', async () => {
    const { server, store } = await served();
    server.arm(faults.error(500, 'InternalError'), { times: 3 });
    const failure = await failureOf(store.get({ key: 'key', setting }, soon()));
    expect(failure.kind).toBe('unreachable');
    expect(failure.message).toMatch(/HTTP 500 InternalError.*after 3 attempts/);
  });
});

test('a public bucket is read without a signature', async () => {
  const { bucket, server, ...s3 } = await served({ credentials: [undefined] });
  bucket.isPublic = true;
  bucket.put('key', 'content');
  expect((await readObject(s3, 'key')).bytes.toString()).toBe('content');
  expect(Object.keys(server.requests[0]?.headers ?? {})).not.toContain('authorization');
});

test('the reader pays where that is set', async () => {
  const { bucket, server, ...s3 } = await served({ settings: { REQUESTER_PAYS: 'true' } });
  bucket.put('key', 'content');
  await readObject(s3, 'key');
  expect(server.requests[0]?.headers['x-amz-request-payer']).toBe('requester');
});
