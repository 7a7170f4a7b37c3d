import { describe, expect, test } from 'vitest';
import { allow, bucket, ceph, hasCeph } from './ceph.ts';
import { S3Writer } from './s3-writer.ts';

describe.skipIf(!hasCeph)('the real S3 server of the tests', () => {
  test('keeps what is put, versions of it, and what comes in parts', async () => {
    const { writer } = await bucket({ versioning: true });
    const first = await writer.put('a b/ü+%', 'one');
    const second = await writer.put('a b/ü+%', 'two');
    expect(second.versionId).not.toBe(first.versionId);
    const parts = await writer.putParts('large', [Buffer.alloc(5 * 1024 * 1024), Buffer.from('end')]);
    expect(parts.etag).toMatch(/^[0-9a-f]{32}-2$/);
    expect(await writer.list()).toEqual(['a b/ü+%', 'large']);
  });

  test('lets another user do what the policy says, and no more', async () => {
    const user = await (await ceph()).createUser();
    const made = await bucket({ policy: (name) => [allow(name, ['s3:GetObject'], user)] });
    await made.writer.put('key', 'value');
    using other = new S3Writer({ ...made, ...user, bucket: made.name });
    expect(await other.text('key')).toBe('value');
    await expect(other.put('key')).rejects.toMatchObject({ name: 'AccessDenied' });
  });
});
