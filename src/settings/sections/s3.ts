import * as kinds from '../kinds.ts';
import { archiveKey, bucketName, keyPrefix, objectKey, region, sseCustomerKey } from '../s3-kinds.ts';
import { inSection } from '../setting.ts';

const s3 = inSection('s3');

const credentialKinds = [
  'auto',
  'settings',
  'environment',
  'shared-files',
  'irsa',
  'pod-identity',
  'ecs',
  'imds',
  'anonymous',
] as const;

export const s3Settings = {
  s3Bucket: s3(bucketName, {
    defaultNote: 'required',
    meaning: 'bucket name, access point ARN or alias',
  }),
  s3Object: s3(objectKey, { meaning: 'layout *object*: the set is this one file' }),
  s3Archive: s3(archiveKey, {
    meaning:
      'layout *archive*: the set is the content of this `.tar`, `.tar.gz`, `.tgz`, `.tar.zst` or `.zip`',
  }),
  s3Pointer: s3(objectKey, {
    meaning:
      'layout *pointer*: the set is what this small document names; `wherry release` writes it. Plain text with a key or a prefix works too',
  }),
  s3Prefix: s3(keyPrefix, {
    meaning:
      'layout *prefix*: every object below it, the prefix stripped at a `/`; `/` alone is the whole bucket',
  }),
  s3Marker: s3(objectKey, {
    meaning:
      'with a prefix: an object that the writer puts last, so that halves are recognised; it is not part of the set',
  }),
  s3Settle: s3(kinds.duration, {
    default: '5s',
    meaning: 'with a prefix and no marker: the listing must stay equal for so long',
  }),
  s3AsOf: s3(kinds.text, {
    meaning:
      'versioned buckets: a version id (object, archive, pointer) or a time such as `2026-11-22T23:59:59Z` (prefix); any bucket: `release:NAME` (pointer)',
  }),
  s3Endpoint: s3(kinds.httpUrl, {
    url: true,
    defaultNote: '`AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL`, else AWS',
    meaning: 'any S3-compatible store: Ceph, MinIO, R2, GCS, Garage…',
  }),
  s3Region: s3(region, {
    defaultNote: '`AWS_REGION`, `AWS_DEFAULT_REGION`, else `us-east-1`',
    meaning: 'the region of the bucket; another one that the store names is followed',
  }),
  s3PathStyle: s3(kinds.boolean, {
    defaultNote: '`true` with an endpoint, else `false`',
    meaning: 'the bucket in the path of the URL, not in its host name',
  }),
  s3Credentials: s3(kinds.oneOf(...credentialKinds), {
    default: 'auto',
    meaning:
      '`auto`: the two settings below, else the AWS chain (environment, shared files, IRSA, Pod Identity, ECS, IMDS); one of those by name: `settings`, `environment`, `shared-files`, `irsa`, `pod-identity`, `ecs`, `imds`; or `anonymous`. A half-set pair is an error, not a fall-through to the node’s role',
  }),
  s3AccessKeyId: s3(kinds.token, {
    meaning: 'static credentials, with the one below (use `_FILE`: they are read again when they change)',
  }),
  s3SecretAccessKey: s3(kinds.token, { secret: true, meaning: 'its secret (use `_FILE`)' }),
  s3SessionToken: s3(kinds.token, {
    secret: true,
    meaning: 'of temporary credentials, beside the two above',
  }),
  s3BadKeys: s3(kinds.oneOf('refuse', 'skip'), {
    default: 'refuse',
    meaning: 'a key that cannot be a path: `refuse` the set, or `skip` the key and say so',
  }),
  s3Concurrency: s3(kinds.integer(1), { default: '16', meaning: 'parallel downloads' }),
  s3Ca: s3(kinds.certificate, { meaning: 'PEM certificates of a private CA (use `_FILE`)' }),
  s3RequesterPays: s3(kinds.boolean, { default: 'false', meaning: 'the reader pays for the requests' }),
  s3SseCKey: s3(sseCustomerKey, {
    secret: true,
    meaning:
      'the key with which the objects are encrypted (SSE-C): 32 bytes in base64 (use `_FILE`); needs `https`',
  }),
} as const;
