import * as s3 from '@aws-sdk/client-s3';
import { expect, onTestFinished, test } from 'vitest';
import { faults, generated, type S3Server, s3FaultServer } from '../s3-fault-server.ts';
import { S3Writer } from '../s3-writer.ts';
import { fullChecksum } from './checksums.ts';
import { contentOf } from './content.ts';

function clientOf(server: S3Server, options: s3.S3ClientConfig = {}): s3.S3Client {
  const { endpoint, accessKeyId, secretAccessKey } = server;
  const client = new s3.S3Client({
    endpoint,
    region: server.region,
    forcePathStyle: true,
    credentials: { accessKeyId, secretAccessKey },
    maxAttempts: 1,
    ...options,
  });
  onTestFinished(() => client.destroy());
  return client;
}

function writerOf(server: S3Server): S3Writer {
  server.createBucket('bucket', { versioning: true });
  const writer = new S3Writer({ ...server, endpoint: server.endpoint, bucket: 'bucket' });
  onTestFinished(() => writer[Symbol.dispose]());
  return writer;
}

const oddKeys = [
  'a b',
  'a+b',
  '100%',
  'ü',
  'a//b',
  '/a',
  'x/../y',
  './z',
  'tab\t',
  'cr\r\nlf',
  "!'()*&<>",
  '~',
];

test('lets the SDK write, read, list and delete every key', async () => {
  const server = await s3FaultServer();
  const writer = writerOf(server);
  server.pageSize = 3;
  await writer.putAll(oddKeys);
  const found: string[] = [];
  const pages = s3.paginateListObjectsV2(
    { client: writer.client },
    { Bucket: 'bucket', EncodingType: 'url' },
  );
  for await (const { Contents = [] } of pages) {
    found.push(...Contents.map(({ Key = '' }) => decodeURIComponent(Key.replaceAll('+', ' '))));
  }
  expect(found.sort()).toEqual([...oddKeys].sort());
  for (const key of oddKeys) expect(await writer.text(key)).toBe(key);
  const { versionId } = await writer.delete('ü');
  await expect(writer.text('ü')).rejects.toMatchObject({ name: 'NoSuchKey' });
  await writer.delete('ü', versionId);
  expect(await writer.text('ü')).toBe('ü');
});

test('refuses what is not signed with its secret, by its clock, for its region', async () => {
  const server = await s3FaultServer({ region: 'eu-central-1' });
  server.createBucket('bucket').put('key', 'value');
  const get = (options: s3.S3ClientConfig) =>
    clientOf(server, options).send(new s3.GetObjectCommand({ Bucket: 'bucket', Key: 'key' }));
  const { accessKeyId, secretAccessKey } = server;
  expect((await get({})).ETag).toBe('"2063c1608d6e0baf80249c42e2be5804"');
  const cases = [
    [{ credentials: { accessKeyId, secretAccessKey: 'wrong' } }, 'SignatureDoesNotMatch'],
    [{ credentials: { accessKeyId: 'other', secretAccessKey } }, 'InvalidAccessKeyId'],
    [{ credentials: { accessKeyId, secretAccessKey, sessionToken: 'x' } }, 'InvalidToken'],
    [{ region: 'us-east-1' }, 'AuthorizationHeaderMalformed'],
    [{ systemClockOffset: 16 * 60_000 }, 'RequestTimeTooSkewed'],
    [{ signer: { sign: async (request) => request } }, 'AccessDenied'],
  ] as const satisfies readonly [s3.S3ClientConfig, string][];
  for (const [options, name] of cases) await expect(get(options)).rejects.toMatchObject({ name });
  server.keys.push({ accessKeyId: 'temporary', secretAccessKey, sessionToken: 'token', expiresAt: 0 });
  const temporary = { accessKeyId: 'temporary', secretAccessKey, sessionToken: 'token' };
  await expect(get({ credentials: temporary })).rejects.toMatchObject({ name: 'ExpiredToken' });
});

test('answers conditions and ranges', async () => {
  const server = await s3FaultServer();
  const { etag } = server.createBucket('bucket').put('key', 'value');
  const get = (input: Partial<s3.GetObjectCommandInput>) =>
    clientOf(server).send(new s3.GetObjectCommand({ Bucket: 'bucket', Key: 'key', ...input }));
  await expect(get({ IfNoneMatch: `"${etag}"` })).rejects.toMatchObject({
    $metadata: { httpStatusCode: 304 },
  });
  await expect(get({ IfMatch: '"other"' })).rejects.toMatchObject({ name: 'PreconditionFailed' });
  await expect(get({ Range: 'bytes=9-' })).rejects.toMatchObject({ name: 'InvalidRange' });
  const part = await get({ Range: 'bytes=1-2', IfMatch: `"${etag}"` });
  expect([await part.Body?.transformToString(), part.ContentRange]).toEqual(['al', 'bytes 1-2/5']);
});

test('writes only where the condition holds', async () => {
  const server = await s3FaultServer();
  const writer = writerOf(server);
  const { etag } = await writer.put('key', '1', { IfNoneMatch: '*' });
  await expect(writer.put('key', '2', { IfNoneMatch: '*' })).rejects.toMatchObject({
    name: 'PreconditionFailed',
  });
  await expect(writer.put('key', '2', { IfMatch: '"x"' })).rejects.toMatchObject({
    name: 'PreconditionFailed',
  });
  await writer.put('key', '2', { IfMatch: `"${etag}"` });
  expect(await writer.text('key')).toBe('2');
});

test('computes checksums as the standards have them', () => {
  const hex = (algorithm: 'crc32' | 'crc32c' | 'crc64nvme') =>
    Buffer.from(fullChecksum(algorithm, contentOf('123456789')).value, 'base64').toString('hex');
  expect(['crc32', 'crc32c', 'crc64nvme'].map((name) => hex(name as 'crc32'))).toEqual([
    'cbf43926',
    'e3069283',
    'ae8b14860a799888',
  ]);
});

test.each(['sha256', 'sha1', 'crc32', 'crc32c', 'crc64nvme'] as const)(
  'sends the %s of an object',
  async (name) => {
    const server = await s3FaultServer();
    const bucket = server.createBucket('bucket');
    bucket.put('key', 'value', { checksum: name });
    const get = async () => {
      const input = { Bucket: 'bucket', Key: 'key', ChecksumMode: 'ENABLED' } as const;
      return (await clientOf(server).send(new s3.GetObjectCommand(input))).Body?.transformToString();
    };
    expect(await get()).toBe('value');
    server.arm(faults.wrongByte());
    await expect(get()).rejects.toThrow(/[Cc]hecksum/);
    const { checksum, etag } = bucket.putParts('parts', ['a', 'b'], { checksum: name });
    expect([checksum?.type, checksum?.value.endsWith('-2'), etag.endsWith('-2')]).toEqual([
      'COMPOSITE',
      true,
      true,
    ]);
  },
);

test('fails as it is told, as often as it is told', async () => {
  const server = await s3FaultServer();
  server.createBucket('bucket').put('key', 'value');
  const get = async () => {
    const command = new s3.GetObjectCommand({ Bucket: 'bucket', Key: 'key' });
    return (await clientOf(server).send(command)).Body?.transformToString();
  };
  server.arm(faults.slowDown(1), { times: 2, operation: 'get' });
  await expect(get()).rejects.toMatchObject({ name: 'SlowDown' });
  await expect(get()).rejects.toMatchObject({ name: 'SlowDown' });
  for (const fault of [faults.reset(), faults.resetAfter(2), faults.endAfter(2)]) {
    server.arm(fault);
    await expect(get()).rejects.toThrow();
  }
  server.arm(faults.shortBody(3));
  expect(await get()).toBe('val');
  expect(await get()).toBe('value');
  expect(server.requests.map(({ status }) => status)).toEqual([503, 503, undefined, 200, 200, 200, 200]);
});

test('streams an object that is larger than what it may hold', async () => {
  const server = await s3FaultServer();
  server.createBucket('bucket').put('large', generated(64 * 1024 * 1024 + 1));
  const command = new s3.GetObjectCommand({ Bucket: 'bucket', Key: 'large' });
  const { Body } = await clientOf(server).send(command);
  let size = 0;
  for await (const chunk of Body as AsyncIterable<Uint8Array>) size += chunk.byteLength;
  expect(size).toBe(64 * 1024 * 1024 + 1);
});
