import { describe, expect, test } from 'vitest';
import { DeniedError, MissingError } from '../../../../src/failure/failure.ts';
import type { ETag } from '../../../../src/sources/s3/store/store.ts';
import { failureOf, soon } from '../../../support/calls.ts';
import { allow, type BucketOptions, bucket, ceph, hasCeph } from '../../../support/ceph.ts';
import { cephStore, getOf, listOf, textOf } from '../../../support/ceph-store.ts';

/** A bucket and the owner's view of it. */
async function owned(options: BucketOptions = {}) {
  const made = await bucket(options);
  return { ...made, store: cephStore(made) };
}

describe.skipIf(!hasCeph)('a bucket of Ceph', () => {
  test('tells a wrong secret, and an unknown key', async () => {
    const made = await bucket();
    await made.writer.put('key');
    const wrong = cephStore({ ...made, secretAccessKey: 'wrong' });
    expect(await failureOf(getOf(wrong, 'key'))).toBeInstanceOf(DeniedError);
    const unknown = cephStore({ ...made, accessKeyId: 'UNKNOWN' });
    const failure = await failureOf(listOf(unknown));
    expect(failure).toBeInstanceOf(DeniedError);
    expect(failure.message).not.toContain(made.secretAccessKey);
  });

  test('tells a missing key from a missing bucket', async () => {
    const { store, ...made } = await owned();
    const key = await failureOf(getOf(store, 'nothing/here'));
    expect(key).toBeInstanceOf(MissingError);
    expect(key.message).toContain('nothing/here');
    const other = cephStore({ ...made, name: 'no-such-bucket-of-ours' });
    for (const call of [() => getOf(other, 'key'), () => listOf(other)]) {
      const failure = await failureOf(call());
      expect(failure).toBeInstanceOf(MissingError);
      expect(failure.details.setting).toBe('WHERRY_S3_BUCKET');
    }
  });

  test('answers conditions without the object', async () => {
    const { store, writer } = await owned();
    const etag = (await writer.put('key', 'one')).etag as ETag;
    expect(await getOf(store, 'key', { ifNoneMatch: etag })).toEqual({ kind: 'unchanged' });
    expect(await textOf(store, 'key', { ifMatch: etag })).toBe('one');
    await writer.put('key', 'two');
    expect(await getOf(store, 'key', { ifMatch: etag })).toEqual({ kind: 'replaced' });
    expect(await textOf(store, 'key', { ifNoneMatch: etag })).toBe('two');
  });

  test('says what an object is', async () => {
    const { store, writer } = await owned();
    const { etag } = await writer.put('key', 'value');
    const answer = await getOf(store, 'key');
    if (answer.kind !== 'found') throw new Error(answer.kind);
    answer.body[Symbol.dispose]();
    const { lastModified, ...head } = answer.head;
    expect(head).toEqual({ key: 'key', etag, size: 5, versionId: undefined });
    expect(Math.abs((lastModified?.getTime() ?? 0) - Date.now())).toBeLessThan(60_000);
    const [listed] = await listOf(store);
    expect(listed).toMatchObject({ key: 'key', etag, size: 5 });
  });

  test('keeps versions, and the marks of deletions', async () => {
    const { store, writer } = await owned({ versioning: true });
    const first = await writer.put('key', 'one');
    await writer.put('key', 'two');
    expect(await textOf(store, 'key', { versionId: first.versionId })).toBe('one');
    await writer.delete('key');
    expect(await failureOf(getOf(store, 'key'))).toBeInstanceOf(MissingError);
    expect(await listOf(store)).toEqual([]);
    const versions = [];
    for await (const page of store.listVersions('', soon())) versions.push(...page);
    expect(versions.map(({ key, isDeleteMarker }) => [key, isDeleteMarker])).toEqual([
      ['key', true],
      ['key', false],
      ['key', false],
    ]);
    expect(versions[2]?.versionId).toBe(first.versionId);
    expect(await failureOf(getOf(store, 'key', { versionId: 'nosuchversion' }))).toBeInstanceOf(MissingError);
  });

  test('does not take a refusal for a deletion where the reader may not list', async () => {
    const user = await (await ceph()).createUser();
    const made = await bucket({ policy: (name) => [allow(name, ['s3:GetObject'], user)] });
    await made.writer.put('key', 'value');
    const store = cephStore(made, { keys: user });
    expect(await textOf(store, 'key')).toBe('value');
    const missing = await failureOf(getOf(store, 'other'));
    expect(missing).toBeInstanceOf(DeniedError);
    expect(missing.message).toContain('ListBucket');
    expect(await failureOf(listOf(store))).toBeInstanceOf(DeniedError);
  });

  test('lets those in who may list and read', async () => {
    const user = await (await ceph()).createUser();
    const may = ['s3:GetObject', 's3:ListBucket'];
    const made = await bucket({ policy: (name) => [allow(name, may, user)] });
    await made.writer.put('key', 'value');
    const store = cephStore(made, { keys: user });
    expect((await listOf(store)).map(({ key }) => key)).toEqual(['key']);
    expect(await failureOf(getOf(store, 'other'))).toBeInstanceOf(MissingError);
  });

  test('is read without keys only where everybody may', async () => {
    const closed = await bucket();
    await closed.writer.put('key', 'value');
    const refused = cephStore(closed, { keys: undefined });
    expect(await failureOf(getOf(refused, 'key'))).toBeInstanceOf(DeniedError);
    const open = await bucket({ policy: (name) => [allow(name, ['s3:GetObject', 's3:ListBucket'])] });
    await open.writer.put('key', 'value');
    const store = cephStore(open, { keys: undefined });
    expect(await textOf(store, 'key')).toBe('value');
    expect((await listOf(store)).map(({ key }) => key)).toEqual(['key']);
  });

  test('has the ETag of an upload in parts', async () => {
    const { store, writer } = await owned();
    const half = Buffer.alloc(5 * 1024 * 1024, 'x');
    const { etag } = await writer.putParts('large', [half, Buffer.from('end')]);
    expect(etag).toMatch(/-2$/);
    expect(await textOf(store, 'large', { ifMatch: etag as ETag })).toBe(`${half}end`);
    expect(await getOf(store, 'large', { ifNoneMatch: etag as ETag })).toEqual({ kind: 'unchanged' });
    expect((await listOf(store))[0]?.etag).toBe(etag);
  });

  test('opens what was put with a customer’s key, with that key alone', async () => {
    const made = await bucket();
    const key = Buffer.alloc(32, 7);
    const customer = { SSECustomerAlgorithm: 'AES256', SSECustomerKey: key.toString('base64') };
    await made.writer.put('secret', 'value', customer);
    const opening = (bytes: Buffer) => cephStore(made, { settings: { SSE_C_KEY: bytes.toString('base64') } });
    expect(await textOf(opening(key), 'secret')).toBe('value');
    for (const store of [opening(Buffer.alloc(32, 8)), cephStore(made)]) {
      const failure = await failureOf(getOf(store, 'secret'));
      expect(failure).toBeInstanceOf(DeniedError);
      expect(failure.message).toContain('WHERRY_S3_SSE_C_KEY');
    }
  });

  test('is found by its own host name', async () => {
    const made = await bucket();
    await made.writer.put('a b/+', 'value');
    const { port } = new URL(made.endpoint);
    const endpoint = `http://localhost:${port}`;
    const store = cephStore({ ...made, endpoint }, { settings: { PATH_STYLE: 'false' } });
    expect(await textOf(store, 'a b/+')).toBe('value');
    expect((await listOf(store, 'a b/')).map(({ key }) => key)).toEqual(['a b/+']);
  });
});
