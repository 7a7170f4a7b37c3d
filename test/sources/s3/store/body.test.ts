import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { ETag } from '../../../../src/sources/s3/store/store.ts';
import { failureOf, soon } from '../../../support/calls.ts';
import { faults, generated, s3FaultServer } from '../../../support/s3-fault-server.ts';
import { contentOf } from '../../../support/s3-server/content.ts';
import { readObject, type WireStoreOptions, wireStore } from '../../../support/wire-store.ts';

const size = 1_000_000;
const setting = 'WHERRY_S3_OBJECT';
const quick = { silence: 300 };

async function served(options: WireStoreOptions & { readonly versioning?: boolean } = {}) {
  const server = await s3FaultServer();
  const bucket = server.createBucket('bucket', { versioning: options.versioning ?? false });
  return { server, bucket, ...wireStore(server, 'bucket', options) };
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function hashOfGenerated(seed: string): string {
  const hash = createHash('sha256');
  for (const bytes of generated(size, seed).read(0, size)) hash.update(bytes);
  return hash.digest('hex');
}

describe('a body that breaks off is gone on with', () => {
  test.each([
    ['after a reset', faults.resetAfter(300_000)],
    ['after an early end', faults.endAfter(300_000)],
    ['after a silence', faults.stallAfter(300_000)],
    ['after headers alone', faults.stallAfter(0)],
  ])('%s', async (_, fault) => {
    const { bucket, server, ...s3 } = await served({ timeouts: quick });
    const { etag } = bucket.put('key', generated(size, 'a'));
    server.arm(fault);
    const { bytes } = await readObject(s3, 'key');
    expect(hashOf(bytes)).toBe(hashOfGenerated('a'));
    expect(server.requests).toHaveLength(2);
    expect(server.requests[1]?.headers['if-match']).toBe(`"${etag}"`);
    expect(server.requests[1]?.headers.range).toMatch(/^bytes=\d+-$/);
  });

  test('as often as something comes each time', async () => {
    const { bucket, server, ...s3 } = await served();
    bucket.put('key', generated(size, 'a'));
    server.arm(faults.resetAfter(100_000), { times: 8 });
    expect(hashOf((await readObject(s3, 'key')).bytes)).toBe(hashOfGenerated('a'));
    expect(server.requests).toHaveLength(9);
  });

  test('in the version that was begun', async () => {
    const { bucket, server, ...s3 } = await served({ versioning: true });
    bucket.put('key', generated(size, 'a'));
    server.arm(faults.resetAfter(300_000), { times: 1 });
    server.arm(faults.before(() => bucket.put('key', 'newer')));
    expect(hashOf((await readObject(s3, 'key')).bytes)).toBe(hashOfGenerated('a'));
  });
});

describe('a body is given up', () => {
  test('when nothing more comes, three times', async () => {
    const { bucket, server, ...s3 } = await served({ timeouts: quick });
    bucket.put('key', generated(size, 'a'));
    server.arm(faults.resetAfter(300_000));
    server.arm(faults.resetAfter(0), { times: 3 });
    const failure = await failureOf(readObject(s3, 'key'));
    expect(failure.kind).toBe('unreachable');
    expect(failure.message).toMatch(/"key" in s3:\/\/bucket at .* could not be read whole: /);
    expect(server.requests).toHaveLength(4);
  });

  test('when next to nothing comes each time', async () => {
    const { bucket, server, ...s3 } = await served();
    bucket.put('key', generated(size, 'a'));
    server.arm(faults.resetAfter(1), { times: 1000 });
    const failure = await failureOf(readObject(s3, 'key'));
    expect(failure.message).toMatch(/could not be read whole/);
    expect(server.requests.length).toBeLessThan(10);
  });

  test('when the object was replaced meanwhile', async () => {
    const { bucket, server, ...s3 } = await served();
    bucket.put('key', generated(size, 'a'));
    server.arm(faults.resetAfter(300_000));
    server.arm(faults.before(() => bucket.put('key', generated(size, 'b'))));
    const failure = await failureOf(readObject(s3, 'key'));
    expect(failure.name).toBe('UnsettledError');
    expect(failure.message).toMatch(/was replaced while it was read/);
  });

  test('when the store sends the whole for the rest', async () => {
    const { bucket, server, ...s3 } = await served();
    const { etag } = bucket.put('key', generated(size, 'a'));
    server.arm(faults.resetAfter(300_000));
    server.arm(faults.answers(200, 'whole', { ETag: `"${etag}"` }));
    const failure = await failureOf(readObject(s3, 'key'));
    expect(failure.message).toMatch(/does not send the rest alone \(HTTP 200\)/);
  });

  test('when it is not what its ETag says', async () => {
    const { bucket, server, ...s3 } = await served();
    const { etag } = bucket.put('key', generated(size, 'a'));
    server.arm(faults.wrongByte(500_000));
    const failure = await failureOf(readObject(s3, 'key'));
    expect(failure.kind).toBe('unreachable');
    expect(failure.message).toMatch(
      new RegExp(`its MD5 \\(ETag\\) is [0-9a-f]{32}, and the store says ${etag}`),
    );
  });

  test('when it is not what a checksum says that the store sent', async () => {
    const { bucket, server, ...s3 } = await served();
    bucket.put('key', generated(size, 'a'));
    server.arm(faults.wrongChecksum('sha256', 'AAAA'));
    expect((await failureOf(readObject(s3, 'key'))).message).toMatch(
      /its SHA256 is \S+, and the store says AAAA/,
    );
  });
});

test('a body that was resumed is verified as one', async () => {
  const { bucket, server, ...s3 } = await served();
  bucket.put('key', generated(size, 'a'));
  server.arm(faults.resetAfter(300_000));
  server.arm(faults.wrongByte(500_000));
  expect((await failureOf(readObject(s3, 'key'))).message).toMatch(/MD5/);
});

test('an ETag that is no MD5 is none to compare', async () => {
  const { bucket, server: _, ...s3 } = await served();
  bucket.putParts('key', ['one', 'two']);
  expect((await readObject(s3, 'key')).bytes.toString()).toBe('onetwo');
});

test('what is compressed stays so, and aws-chunked is no compression', async () => {
  const { bucket, server: _, ...s3 } = await served();
  bucket.put('key', 'text', { headers: { 'Content-Encoding': 'aws-chunked' } });
  expect((await readObject(s3, 'key')).bytes.toString()).toBe('text');
});

test('connections are used again, whatever was read of the answers', async () => {
  const { bucket, server, store, ...s3 } = await served();
  bucket.put('key', 'content');
  for (let round = 0; round < 5; round++) {
    await readObject({ store, ...s3 }, 'key');
    await failureOf(store.get({ key: 'missing', setting }, soon()));
    await store.get({ key: 'key', setting, ifMatch: 'other' as ETag }, soon());
  }
  expect(server.connections).toBe(1);
});

test('fifty bodies that nobody reads stop nobody', async () => {
  const { bucket, server: _, store, ...s3 } = await served();
  bucket.put('key', generated(size, 'a'));
  const answers = await Promise.all(
    Array.from({ length: 50 }, () => store.get({ key: 'key', setting }, soon())),
  );
  expect((await readObject({ store, ...s3 }, 'key')).bytes.byteLength).toBe(size);
  for (const answer of answers) if (answer.kind === 'found') answer.body[Symbol.dispose]();
});

test('a large body that is disposed of is not read', async () => {
  const { bucket, server, store } = await served();
  const { content } = bucket.put('key', generated(256 * 1024 * 1024), { etag: 'opaque' });
  const answer = await store.get({ key: 'key', setting }, soon());
  if (answer.kind === 'found') answer.body[Symbol.dispose]();
  await expect.poll(() => server.connections).toBe(0);
  expect(content.size).toBeGreaterThan(0);
});

test('a body that is disposed of ends for who reads it', async () => {
  const { bucket, server, store } = await served();
  bucket.put('key', generated(size, 'a'));
  server.arm(faults.stallAfter(0));
  const answer = await store.get({ key: 'key', setting }, soon());
  if (answer.kind !== 'found') throw new Error(answer.kind);
  const read = failureOf(Promise.resolve(answer.body[Symbol.asyncIterator]().next()));
  answer.body[Symbol.dispose]();
  expect((await read).kind).toBe('unreachable');
  expect(server.requests).toHaveLength(1);
});

test('a body that is disposed of while it is gone on with ends too', async () => {
  const { bucket, server, store } = await served();
  bucket.put('key', generated(size, 'a'));
  server.arm(faults.resetAfter(300_000));
  const answer = await store.get({ key: 'key', setting }, soon());
  if (answer.kind !== 'found') throw new Error(answer.kind);
  server.arm(faults.before(() => answer.body[Symbol.dispose]()));
  const reading = (async () => {
    for await (const _ of answer.body);
  })();
  await expect(reading).rejects.toThrow('it was given up');
  await expect.poll(() => server.connections).toBe(0);
});

test('an abort ends a body with its reason', async () => {
  const { bucket, server, store } = await served();
  bucket.put('key', generated(size, 'a'));
  server.arm(faults.stallAfter(300_000));
  const abort = new AbortController();
  const answer = await store.get({ key: 'key', setting }, abort.signal);
  if (answer.kind !== 'found') throw new Error(answer.kind);
  const { body } = answer;
  const read = (async () => {
    for await (const chunk of body) if (chunk.byteLength > 0) abort.abort(new Error('enough'));
  })();
  await expect(read).rejects.toThrow('enough');
  expect(server.requests).toHaveLength(1);
});

test('a slow reader is no silence of the store', async () => {
  const { bucket, server, store } = await served({ timeouts: { silence: 100 } });
  bucket.put('key', generated(size, 'a'));
  const answer = await store.get({ key: 'key', setting }, soon());
  if (answer.kind !== 'found') throw new Error(answer.kind);
  const chunks: Uint8Array[] = [];
  for await (const chunk of answer.body) {
    if (chunks.length < 3) await sleep(250);
    chunks.push(chunk);
  }
  expect(hashOf(Buffer.concat(chunks))).toBe(hashOfGenerated('a'));
  expect(server.requests).toHaveLength(1);
});

test('memory does not grow with an object', async () => {
  const { bucket, server: _, store } = await served();
  const large = 256 * 1024 * 1024;
  bucket.put('key', contentOf(Buffer.alloc(0)));
  bucket.put('large', generated(large), { etag: 'opaque' });
  const answer = await store.get({ key: 'large', setting }, soon());
  if (answer.kind !== 'found') throw new Error(answer.kind);
  let [received, largest] = [0, 0];
  const before = process.memoryUsage().rss;
  for await (const chunk of answer.body) {
    received += chunk.byteLength;
    largest = Math.max(largest, process.memoryUsage.rss());
  }
  expect(received).toBe(large);
  expect(largest - before).toBeLessThan(100 * 1024 * 1024);
});
