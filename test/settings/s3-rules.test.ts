import { describe, expect, test } from 'vitest';
import { loadSettings, SettingsErrors } from '../../src/settings/settings.ts';

const object = { WHERRY_SOURCE: 's3', WHERRY_S3_BUCKET: 'cfg', WHERRY_S3_OBJECT: 'app.yaml' };
const prefix = { WHERRY_SOURCE: 's3', WHERRY_S3_BUCKET: 'cfg', WHERRY_S3_PREFIX: 'app/' };
const pair = { WHERRY_S3_ACCESS_KEY_ID: 'AKIA', WHERRY_S3_SECRET_ACCESS_KEY: 'hush' };

function load(env: NodeJS.ProcessEnv) {
  return loadSettings({ env, flags: new Map(), complete: true }).settings;
}

function problemsOf(env: NodeJS.ProcessEnv): readonly string[] {
  try {
    load(env);
    return [];
  } catch (error) {
    if (error instanceof SettingsErrors) return error.problems;
    throw error;
  }
}

describe('the settings of a bucket', () => {
  test('need a bucket and a layout', () => {
    expect(problemsOf({ WHERRY_SOURCE: 's3' })).toEqual([
      'WHERRY_S3_BUCKET: required with WHERRY_SOURCE=s3; set it to the name of the bucket',
      'WHERRY_S3_OBJECT, WHERRY_S3_ARCHIVE, WHERRY_S3_POINTER, WHERRY_S3_PREFIX: none is set; set one, for how the set lies in the bucket',
    ]);
  });

  test('take one layout alone', () => {
    expect(problemsOf({ ...object, WHERRY_S3_PREFIX: 'app/' })).toEqual([
      'WHERRY_S3_OBJECT, WHERRY_S3_PREFIX: only one of them can be the layout; set one, for how the set lies in the bucket',
    ]);
  });

  test('report a value that does not parse once', () => {
    expect(problemsOf({ ...object, WHERRY_S3_OBJECT: 's3://cfg/app.yaml' })).toEqual([
      'WHERRY_S3_OBJECT: "s3://cfg/app.yaml" is not the key of one object: no s3:// address, no / at the end, 1024 bytes at most',
    ]);
  });

  test.each([
    ['conf', 'conf/'],
    ['conf/', 'conf/'],
    ['/', ''],
    ['a b+c/ü', 'a b+c/ü/'],
  ])('make of the prefix %j %j, which ends at a /', (given, parsed) => {
    expect(load({ ...prefix, WHERRY_S3_PREFIX: given }).s3Prefix).toBe(parsed);
  });

  test.each(['cfg.yaml', 'cfg', 'cfg.rar', '.zip/'])('take no archive called %s', (key) => {
    const { WHERRY_S3_OBJECT: _, ...rest } = object;
    expect(problemsOf({ ...rest, WHERRY_S3_ARCHIVE: key })).toEqual([
      expect.stringContaining('that ends in .tar, .tar.gz, .tgz, .tar.zst, .tzst or .zip'),
    ]);
  });

  test.each(['a', 'Cfg_Old', 'cfg.prod-1', 'cfg-abc123-s3alias'])('know %s for a bucket or not', (name) => {
    expect(problemsOf({ ...object, WHERRY_S3_BUCKET: name }).length).toBe(name.length < 3 ? 1 : 0);
  });

  test('read an access point from its ARN', () => {
    const { s3Bucket } = load({
      ...object,
      WHERRY_S3_BUCKET: 'arn:aws-cn:s3:cn-north-1:123456789012:accesspoint/my-point',
    });
    expect(s3Bucket?.accessPoint).toEqual({
      partition: 'aws-cn',
      region: 'cn-north-1',
      account: '123456789012',
      name: 'my-point',
    });
  });

  test.each([
    [{ WHERRY_S3_MARKER: 'done' }, 'WHERRY_S3_MARKER: has no effect without WHERRY_S3_PREFIX; remove it'],
    [{ WHERRY_S3_SETTLE: '1s' }, 'WHERRY_S3_SETTLE: has no effect without WHERRY_S3_PREFIX; remove it'],
    [
      { WHERRY_S3_CONCURRENCY: '4' },
      'WHERRY_S3_CONCURRENCY: has no effect without WHERRY_S3_PREFIX or WHERRY_S3_POINTER; remove it',
    ],
    [{ WHERRY_GIT_REF: 'main' }, 'WHERRY_GIT_REF: has no effect without WHERRY_SOURCE=git; remove it'],
  ])('refuse %j beside an object', (more, problem) => {
    expect(problemsOf({ ...object, ...more })).toEqual([problem]);
  });

  test('have no effect beside Git, and say so', () => {
    const git = { WHERRY_SOURCE: 'git', WHERRY_GIT_REPO: '/repo', WHERRY_S3_BUCKET: 'cfg' };
    expect(problemsOf(git)).toEqual(['WHERRY_S3_BUCKET: has no effect without WHERRY_SOURCE=s3; remove it']);
  });

  test('refuse a time to settle that no attempt lasts for', () => {
    const slow = { ...prefix, WHERRY_S3_SETTLE: '2m' };
    expect(problemsOf(slow)).toEqual([
      'WHERRY_S3_SETTLE: 2m is not shorter than WHERRY_SYNC_TIMEOUT (2m), within which the set must settle and be read; lower it, or raise that',
    ]);
    expect(problemsOf({ ...slow, WHERRY_SYNC_TIMEOUT: '5m' })).toEqual([]);
  });

  test('let a marker take the place of settling', () => {
    expect(problemsOf({ ...prefix, WHERRY_S3_MARKER: 'done', WHERRY_S3_SETTLE: '1s' })).toEqual([
      'WHERRY_S3_SETTLE: has no effect with WHERRY_S3_MARKER, which tells when the set is whole; remove it',
    ]);
  });
});

describe('WHERRY_S3_AS_OF', () => {
  test('is a version id of one object', () => {
    expect(problemsOf({ ...object, WHERRY_S3_AS_OF: '3/L4kqtJl40Nr8X8gdRqBpUMLUo' })).toEqual([]);
    expect(problemsOf({ ...object, WHERRY_S3_AS_OF: '2026-01-01T00:00:00Z' })).toEqual([
      expect.stringContaining('name its version id'),
    ]);
  });

  test('is a time of the past for a prefix', () => {
    expect(problemsOf({ ...prefix, WHERRY_S3_AS_OF: '2026-01-01T00:00:00+01:00' })).toEqual([]);
    expect(problemsOf({ ...prefix, WHERRY_S3_AS_OF: '2026-01-01' })).toEqual([
      expect.stringContaining('is not a time such as 2026-11-22T23:59:59Z'),
    ]);
    expect(problemsOf({ ...prefix, WHERRY_S3_AS_OF: '2999-01-01T00:00:00Z' })).toEqual([
      expect.stringContaining('is still to come'),
    ]);
  });
});

describe('the endpoint', () => {
  test('holds no credentials, which would be shown', () => {
    const problems = problemsOf({ ...object, WHERRY_S3_ENDPOINT: 'https://me:hush@minio:9000' });
    expect(problems).toEqual([expect.stringContaining('it holds a user name or password')]);
    expect(problems.join()).not.toContain('hush');
  });

  test('needs no CA without TLS', () => {
    const ca = '-----BEGIN CERTIFICATE-----';
    expect(problemsOf({ ...object, WHERRY_S3_ENDPOINT: 'http://minio:9000', WHERRY_S3_CA: ca })).toEqual([
      'WHERRY_S3_CA: has no effect without an https:// endpoint; remove it',
    ]);
  });

  test('is not sent a customer’s key in the clear', () => {
    const key = { WHERRY_S3_SSE_C_KEY: Buffer.alloc(32).toString('base64') };
    expect(problemsOf({ ...object, ...key, WHERRY_S3_ENDPOINT: 'http://minio:9000' })).toEqual([
      expect.stringContaining('in the clear'),
    ]);
    expect(problemsOf({ ...object, ...key, WHERRY_S3_ENDPOINT: 'http://127.0.0.1:9000' })).toEqual([]);
    expect(problemsOf({ ...object, ...key })).toEqual([]);
  });
});

describe('static credentials', () => {
  test('come as a pair', () => {
    expect(problemsOf({ ...object, ...pair })).toEqual([]);
    const { WHERRY_S3_SECRET_ACCESS_KEY: secret, WHERRY_S3_ACCESS_KEY_ID: id } = pair;
    expect(problemsOf({ ...object, WHERRY_S3_ACCESS_KEY_ID: id })).toEqual([
      'WHERRY_S3_SECRET_ACCESS_KEY: missing, and WHERRY_S3_ACCESS_KEY_ID is set; set WHERRY_S3_SECRET_ACCESS_KEY or WHERRY_S3_SECRET_ACCESS_KEY_FILE too',
    ]);
    expect(problemsOf({ ...object, WHERRY_S3_SECRET_ACCESS_KEY: secret })).toEqual([
      'WHERRY_S3_ACCESS_KEY_ID: missing, and WHERRY_S3_SECRET_ACCESS_KEY is set; set WHERRY_S3_ACCESS_KEY_ID or WHERRY_S3_ACCESS_KEY_ID_FILE too',
    ]);
  });

  test('have no effect beside another kind', () => {
    expect(problemsOf({ ...object, ...pair, WHERRY_S3_CREDENTIALS: 'irsa' })).toEqual([
      'WHERRY_S3_ACCESS_KEY_ID: has no effect with WHERRY_S3_CREDENTIALS=irsa; remove it',
      'WHERRY_S3_SECRET_ACCESS_KEY: has no effect with WHERRY_S3_CREDENTIALS=irsa; remove it',
    ]);
  });

  test('are required when they are asked for by name', () => {
    expect(problemsOf({ ...object, WHERRY_S3_CREDENTIALS: 'settings' })).toEqual([
      expect.stringContaining('required with WHERRY_S3_CREDENTIALS=settings'),
    ]);
  });
});
