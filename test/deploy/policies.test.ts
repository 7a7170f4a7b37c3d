import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { documentKey } from '../../src/sources/s3/pointer/document.ts';
import { find, readManifests } from './manifests.ts';
import { allows, exampleBucket, policyFiles, readPolicy } from './policies.ts';

const knownActions = [
  's3:GetObject',
  's3:GetObjectVersion',
  's3:ListBucket',
  's3:ListBucketVersions',
  's3:PutObject',
  's3:DeleteObject',
  's3:AbortMultipartUpload',
  'kms:Decrypt',
  'kms:GenerateDataKey',
  'sts:AssumeRole',
  'sts:AssumeRoleWithWebIdentity',
  'sts:TagSession',
];
const writers = ['kms-writer.json', 'prefix-writer.json', 'release-writer.json'];
const readActions = /:(Get|List|Decrypt|AssumeRole|TagSession)/;

test('the table of the policies has every one', () => {
  const rows = readFileSync('deploy/iam/README.md', 'utf8').matchAll(
    /^\| \[`([\w-]+\.json)`\]\(([\w-]+\.json)\)/gm,
  );
  const named = [...rows].map(([, name, link]) => (name === link ? name : undefined));
  expect(named.sort()).toEqual(policyFiles);
});

describe.each(policyFiles)('%s', (file) => {
  const { Version: version, Statement: statements, ...rest } = readPolicy(file);
  const allowed = statements.filter(({ Effect: effect }) => effect === 'Allow');
  const actions = allowed.flatMap(({ Action: action }) => action);

  test('is in the language of policies', () => {
    expect({ version, rest }).toEqual({ version: '2012-10-17', rest: {} });
    const fields = ['Sid', 'Effect', 'Principal', 'Action', 'Resource', 'Condition'];
    for (const statement of statements) {
      expect(statement.Sid).toMatch(/^[A-Za-z0-9]+$/);
      expect(Object.keys(statement).filter((name) => !fields.includes(name))).toEqual([]);
      expect(['Allow', 'Deny']).toContain(statement.Effect);
    }
    expect(new Set(statements.map(({ Sid: sid }) => sid)).size).toBe(statements.length);
  });

  test('allows known actions only, each by its name', () => {
    expect(actions.filter((action) => !knownActions.includes(action))).toEqual([]);
  });

  test('allows nothing on everything, and a bucket’s actions below a prefix alone', () => {
    for (const { Action: action, Resource: resources, Condition: condition } of allowed) {
      for (const resource of resources ?? []) {
        expect(resource).toMatch(/^arn:aws:(s3:::example-config(\/[\w./-]+(\/\*)?)?|kms:[\w:/-]+)$/);
      }
      if (![action].flat().some((name) => name.startsWith('s3:List'))) continue;
      expect(resources).toEqual([`arn:aws:s3:::${exampleBucket}`]);
      expect(condition?.['StringLike']?.['s3:prefix']).not.toContain('*');
      expect(Object.keys(condition ?? {})).toEqual(['StringLike']);
    }
  });
});

test.each(policyFiles.filter((file) => !writers.includes(file)))('%s changes nothing', (file) => {
  const allowed = readPolicy(file).Statement.filter(({ Effect: effect }) => effect === 'Allow');
  const actions = allowed.flatMap(({ Action: action }) => action);
  expect(actions.filter((action) => !readActions.test(action))).toEqual([]);
});

test.each([
  ['s3-irsa.yaml', 'pointer.json', 'WHERRY_S3_POINTER', ['s3:GetObject', 's3:ListBucket']],
  ['s3-pod-identity.yaml', 'object-archive.json', 'WHERRY_S3_ARCHIVE', ['s3:GetObject', 's3:ListBucket']],
  ['s3-minio-secret.yaml', 'prefix.json', 'WHERRY_S3_MARKER', ['s3:GetObject', 's3:ListBucket']],
  ['s3-minio-secret.yaml', 'prefix.json', 'WHERRY_S3_PREFIX', ['s3:GetObject', 's3:ListBucket']],
  [
    's3-minio-secret.yaml',
    'prefix-as-of.json',
    'WHERRY_S3_PREFIX',
    ['s3:GetObjectVersion', 's3:ListBucketVersions'],
  ],
  ['s3-pod-identity.yaml', 'older-versions.json', 'WHERRY_S3_ARCHIVE', ['s3:GetObjectVersion']],
  [
    's3-irsa.yaml',
    'release-writer.json',
    'WHERRY_S3_POINTER',
    ['s3:GetObject', 's3:PutObject', 's3:ListBucket'],
  ],
  ['s3-minio-secret.yaml', 'prefix-writer.json', 'WHERRY_S3_MARKER', ['s3:PutObject']],
  [
    's3-minio-secret.yaml',
    'prefix-writer.json',
    'WHERRY_S3_PREFIX',
    ['s3:PutObject', 's3:DeleteObject', 's3:ListBucket'],
  ],
])('what %s needs, %s allows: %s, %j', (manifest, file, setting, actions) => {
  const settings: Readonly<Record<string, string>> = Object.assign(
    {},
    ...readManifests(manifest).map(({ data }) => data),
  );
  const key = settings[setting] ?? '';
  expect(key).not.toBe('');
  expect(settings['WHERRY_S3_BUCKET']).toBe(exampleBucket);
  expect(actions.filter((action) => !allows(readPolicy(file), action, key))).toEqual([]);
});

test.each(['pointer.json', 'release-writer.json'])('%s covers all that a release is made of', (file) => {
  const policy = readPolicy(file);
  const keys = [documentKey('prometheus/releases/', 'r1'), 'prometheus/blobs/9f/86d0'];
  expect(keys.filter((key) => !allows(policy, 's3:GetObject', key))).toEqual([]);
});

test('each role can be had by the ServiceAccount of its manifest alone', () => {
  const account = (file: string) => {
    const pod = readManifests(file).flatMap(({ spec }) => spec?.template?.spec ?? [])[0];
    return find(readManifests(file), 'ServiceAccount', pod?.serviceAccountName).metadata;
  };
  const [irsa] = readPolicy('trust-irsa.json').Statement;
  const subjects = Object.entries(irsa?.Condition?.['StringEquals'] ?? {}).filter(([name]) =>
    name.endsWith(':sub'),
  );
  expect(subjects.map(([, value]) => value)).toEqual([
    `system:serviceaccount:default:${account('s3-irsa.yaml').name}`,
  ]);
  expect(account('s3-irsa.yaml').annotations).toHaveProperty(['eks.amazonaws.com/role-arn']);
  const [podIdentity] = readPolicy('trust-pod-identity.json').Statement;
  expect(podIdentity).toMatchObject({
    Principal: { Service: 'pods.eks.amazonaws.com' },
    Condition: {
      StringEquals: { 'aws:RequestTag/kubernetes-service-account': account('s3-pod-identity.yaml').name },
    },
  });
});
