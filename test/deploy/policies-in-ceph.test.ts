import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  GetObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { describe, expect, onTestFinished, test } from 'vitest';
import { bucket, type CephBucket, type CephUser, ceph, hasCeph } from '../support/ceph.ts';
import { hasProgram } from '../support/prometheus.ts';
import { S3Writer } from '../support/s3-writer.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { readManifestText } from './manifests.ts';
import { asBucketPolicy, exampleBucket, withoutConditions } from './policies.ts';

const keys = [
  'alertmanager/alertmanager.tar.gz',
  'alertmanager/other.tar.gz',
  'fluent-bit-staging/a.yaml',
  'fluent-bit.ready',
  'fluent-bit/a.yaml',
  'prometheus/blobs/9f/86d0',
  'prometheus/current.json',
  'prometheus/other.json',
  'prometheus/releases/r1.json',
];

interface World {
  readonly bucket: CephBucket;
  readonly user: CephUser;
  /** Somebody with the policies, and nothing else. */
  readonly store: S3Writer;
}

/** A bucket in which every key was written twice. */
async function world(files: readonly string[], versioning = true): Promise<World> {
  const user = await (await ceph()).createUser();
  const made = await bucket({
    versioning,
    policy: (name) => files.flatMap((file) => asBucketPolicy(file, name, user.arn)),
  });
  for (const key of keys) await made.writer.put(key, 'old');
  for (const key of keys) await made.writer.put(key, 'new');
  const { accessKeyId, secretAccessKey } = user;
  const store = new S3Writer({ endpoint: made.endpoint, accessKeyId, secretAccessKey, bucket: made.name });
  onTestFinished(() => store[Symbol.dispose]());
  return { bucket: made, user, store };
}

/** The HTTP status of what was refused. */
async function refusal(run: Promise<unknown>): Promise<number | undefined> {
  try {
    await run;
    return undefined;
  } catch (error) {
    const { $metadata } = error as { $metadata?: { httpStatusCode?: number } };
    if ($metadata === undefined) throw error;
    return $metadata.httpStatusCode;
  }
}

async function among<T>(values: readonly T[], run: (value: T) => Promise<unknown>): Promise<readonly T[]> {
  const refusals = await Promise.all(values.map((value) => refusal(run(value))));
  expect(new Set(refusals)).toEqual(new Set([undefined, 403]));
  return values.filter((_, index) => refusals[index] === undefined);
}

async function readable({ store }: World): Promise<readonly string[]> {
  return among(keys, (key) => store.text(key));
}

async function listable({ store }: World): Promise<readonly string[]> {
  const prefixes = [
    '',
    'f',
    'fluent-bit',
    'fluent-bit/',
    'fluent-bit-staging/',
    'prometheus/',
    'alertmanager/',
  ];
  return among(prefixes, (prefix) => store.list(prefix));
}

function versionsOf(client: S3Client, Bucket: string, Prefix: string) {
  return client.send(new ListObjectVersionsCommand({ Bucket, Prefix }));
}

async function readFirstVersion({ bucket: { name, writer }, store }: World, Key: string): Promise<unknown> {
  const { Versions = [] } = await versionsOf(writer.client, name, Key);
  const { VersionId } = Versions.at(-1) ?? {};
  const { Body } = await store.client.send(new GetObjectCommand({ Bucket: name, Key, VersionId }));
  return Body?.transformToString();
}

describe.skipIf(!hasCeph)('a real store that is given the policies', () => {
  test.each([
    ['object-archive.json', ['alertmanager/alertmanager.tar.gz']],
    ['pointer.json', ['prometheus/blobs/9f/86d0', 'prometheus/current.json', 'prometheus/releases/r1.json']],
    ['prefix.json', ['fluent-bit.ready', 'fluent-bit/a.yaml']],
    ['prefix-as-of.json', ['fluent-bit.ready', 'fluent-bit/a.yaml']],
  ])('lets %s read its keys, and do nothing to them', async (file, expected) => {
    const given = await world([file]);
    expect(await readable(given)).toEqual(expected);
    for (const key of expected) {
      expect(await refusal(given.store.put(key, 'mine')), key).toBe(403);
      expect(await refusal(given.store.delete(key)), key).toBe(403);
    }
  });

  test.each([
    ['object-archive.json', []],
    ['pointer.json', ['prometheus/']],
    ['prefix.json', ['fluent-bit/']],
  ])('lets %s list nothing but its own', async (file, expected) => {
    const given = await world([file]);
    const { store } = given;
    if (expected.length === 0) expect(await refusal(store.list('alertmanager/'))).toBe(403);
    else expect(await listable(given)).toEqual(expected);
  });

  test('lets prefix-as-of.json list versions below its prefix and read each', async () => {
    const given = await world(['prefix-as-of.json']);
    const { bucket: made, store } = given;
    const { Versions = [] } = await versionsOf(store.client, made.name, 'fluent-bit/');
    expect(Versions).toHaveLength(2);
    expect(await readFirstVersion(given, 'fluent-bit/a.yaml')).toBe('old');
    expect(await refusal(versionsOf(store.client, made.name, 'prometheus/'))).toBe(403);
    expect(await refusal(readFirstVersion(given, 'prometheus/current.json'))).toBe(403);
  });

  test('asks for older-versions.json before it gives an old archive', async () => {
    const key = 'alertmanager/alertmanager.tar.gz';
    expect(await refusal(readFirstVersion(await world(['object-archive.json']), key))).toBe(403);
    const both = await world(['object-archive.json', 'older-versions.json']);
    expect(await readFirstVersion(both, key)).toBe('old');
  });

  test('lets release-writer.json compare and swap the pointer, and delete nothing', async () => {
    // Ceph 16 writes on no condition where it keeps versions, and compares ETags without their quotes.
    const { store } = await world(['release-writer.json'], false);
    expect(await store.list('prometheus/')).toContain('prometheus/releases/r1.json');
    await store.put('prometheus/blobs/aa/bb', 'content', { IfNoneMatch: '*' });
    await store.put('prometheus/releases/r2.json', '{}', { IfNoneMatch: '*' });
    const { ETag } = await store.head('prometheus/current.json');
    const IfMatch = ETag?.replaceAll('"', '');
    await store.put('prometheus/current.json', 'r2', { IfMatch });
    expect(await refusal(store.put('prometheus/current.json', 'r3', { IfMatch }))).toBe(412);
    expect(await store.text('prometheus/current.json')).toBe('r2');
    expect(await refusal(store.put('prometheus/other.json', 'mine'))).toBe(403);
    for (const key of ['prometheus/current.json', 'prometheus/releases/r1.json', 'prometheus/blobs/aa/bb']) {
      expect(await refusal(store.delete(key)), key).toBe(403);
    }
  });

  test('says 403 of a missing key to who may not list, 404 to who may', async () => {
    const user = await (await ceph()).createUser();
    const { accessKeyId, secretAccessKey } = user;
    const readOf = async (...sids: readonly string[]) => {
      const made = await bucket({
        policy: (name) =>
          withoutConditions(asBucketPolicy('pointer.json', name, user.arn)).filter(({ Sid: sid }) =>
            sids.includes(sid),
          ),
      });
      const store = new S3Writer({
        endpoint: made.endpoint,
        accessKeyId,
        secretAccessKey,
        bucket: made.name,
      });
      onTestFinished(() => store[Symbol.dispose]());
      return refusal(store.text('prometheus/current.json'));
    };
    expect(await readOf('ReadReleases')).toBe(403);
    expect(await readOf('ReadReleases', 'TellMissingFromForbidden')).toBe(404);
  });

  test.skipIf(!hasProgram('aws'))(
    'lets prefix-writer.json run the three lines of s3-minio-secret.yaml',
    async () => {
      const { bucket: made, user } = await world(['prefix-writer.json']);
      const directory = await temporaryDirectory();
      await mkdir(join(directory, 'fluent-bit'));
      await writeFile(join(directory, 'fluent-bit', 'b.yaml'), 'b');
      const comment = readManifestText('s3-minio-secret.yaml').matchAll(/^# {3}(.*)$/gm);
      const lines = [...comment].map(([, line]) => line).join('\n');
      expect(lines.split('\n')).toHaveLength(3);
      const env = {
        PATH: process.env['PATH'],
        HOME: directory,
        AWS_ENDPOINT_URL_S3: made.endpoint,
        AWS_ACCESS_KEY_ID: user.accessKeyId,
        AWS_SECRET_ACCESS_KEY: user.secretAccessKey,
        AWS_DEFAULT_REGION: made.region,
        AWS_EC2_METADATA_DISABLED: 'true',
        // An older Ceph knows no checksums after the content.
        AWS_REQUEST_CHECKSUM_CALCULATION: 'when_required',
      };
      const script = lines.replaceAll(exampleBucket, made.name);
      await promisify(execFile)('/bin/sh', ['-ec', script], { cwd: directory, env });
      // What others upload their bucket's owner may list, and not read.
      const { Contents = [] } = await made.writer.client.send(
        new ListObjectsV2Command({ Bucket: made.name }),
      );
      const timeOf = (key: string) =>
        Contents.find(({ Key }) => Key === key)?.LastModified?.getTime() ?? Number.NaN;
      expect(Contents.map(({ Key }) => Key).filter((key) => key?.startsWith('fluent-bit/'))).toEqual([
        'fluent-bit/b.yaml',
      ]);
      expect(timeOf('fluent-bit.ready')).toBeGreaterThan(timeOf('fluent-bit/b.yaml'));
    },
  );
});
