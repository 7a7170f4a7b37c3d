import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { type Answer, empty, S3Error } from './answer.ts';
import type { FakeBucket, StoredVersion } from './bucket.ts';
import { type Checksum, type ChecksumAlgorithm, fullChecksum } from './checksums.ts';
import { type Content, contentOf } from './content.ts';
import type { SeenRequest } from './request.ts';

/** GetObject and HeadObject. */
export function readObject(bucket: FakeBucket, request: SeenRequest): Answer {
  const version = readable(bucket, request);
  const { headers } = request;
  const described = describe(bucket, version);
  if (headers['if-match'] !== undefined && !matches(headers['if-match'], version)) throw preconditionFailed();
  if (headers['if-none-match'] !== undefined && matches(headers['if-none-match'], version)) {
    return empty(304, { ETag: `"${version.etag}"`, 'Last-Modified': version.lastModified.toUTCString() });
  }
  const { size } = version.content;
  const range = headers.range === undefined ? undefined : rangeOf(headers.range, size);
  if (range !== undefined) {
    const contentRange = { 'Content-Range': `bytes ${range.start}-${range.end - 1}/${size}` };
    return { status: 206, headers: { ...described, ...contentRange }, body: slice(version.content, range) };
  }
  const { checksum } = version;
  const wantsChecksum = headers['x-amz-checksum-mode'] === 'ENABLED' && checksum !== undefined;
  const sums = wantsChecksum
    ? {
        [`x-amz-checksum-${checksum.algorithm}`]: checksum.value,
        'x-amz-checksum-type': checksum.type,
      }
    : {};
  return { status: 200, headers: { ...described, ...sums }, body: version.content };
}

/** PutObject. */
export function writeObject(bucket: FakeBucket, request: SeenRequest, body: Buffer): Answer {
  const { headers, key } = request;
  const found = bucket.find(key);
  const current = found?.isDeleteMarker === true ? undefined : found;
  const ifMatch = headers['if-match'];
  if (ifMatch !== undefined) {
    if (current === undefined) throw noSuchKey(key, {});
    if (!matches(ifMatch, current)) throw preconditionFailed();
  }
  if (headers['if-none-match'] === '*' && current !== undefined) throw preconditionFailed();
  const md5 = headers['content-md5'];
  if (md5 !== undefined && createHash('md5').update(body).digest('base64') !== md5)
    throw badDigest('Content-MD5');
  const checksum = sentChecksum(headers, contentOf(body));
  const version = bucket.put(key, body, checksum === undefined ? {} : { checksum });
  return empty(200, { ETag: `"${version.etag}"`, ...versionHeader(bucket, version) });
}

export function deleteObject(bucket: FakeBucket, request: SeenRequest): Answer {
  const marker = bucket.delete(request.key, request.query.get('versionId'));
  if (marker === undefined) return empty(204);
  return empty(204, { 'x-amz-delete-marker': 'true', ...versionHeader(bucket, marker) });
}

function readable(bucket: FakeBucket, { key, query }: SeenRequest): StoredVersion {
  const versionId = query.get('versionId');
  const version = bucket.find(key, versionId);
  if (version === undefined || version.isDeleteMarker) {
    if (bucket.hidesMissing) throw new S3Error(403, 'AccessDenied', 'Access Denied');
    const marker =
      version === undefined ? {} : { 'x-amz-delete-marker': 'true', ...versionHeader(bucket, version) };
    if (versionId === undefined) throw noSuchKey(key, marker);
    if (version === undefined)
      throw new S3Error(404, 'NoSuchVersion', 'The specified version does not exist.');
    throw new S3Error(405, 'MethodNotAllowed', 'The specified method is not allowed', {}, marker);
  }
  if (['GLACIER', 'DEEP_ARCHIVE'].includes(version.storageClass ?? '')) {
    const message = "The operation is not valid for the object's storage class";
    throw new S3Error(403, 'InvalidObjectState', message);
  }
  return version;
}

function describe(bucket: FakeBucket, version: StoredVersion): Record<string, string> {
  return {
    'Accept-Ranges': 'bytes',
    'Content-Type': 'binary/octet-stream',
    ETag: `"${version.etag}"`,
    'Last-Modified': version.lastModified.toUTCString(),
    ...versionHeader(bucket, version),
    ...(version.storageClass === undefined ? {} : { 'x-amz-storage-class': version.storageClass }),
    ...version.headers,
  };
}

function versionHeader(bucket: FakeBucket, { versionId }: StoredVersion): Record<string, string> {
  return bucket.versioning ? { 'x-amz-version-id': versionId } : {};
}

function matches(header: string, { etag }: StoredVersion): boolean {
  return header
    .split(',')
    .map((tag) => tag.trim().replace(/^W\//, '').replaceAll('"', ''))
    .some((tag) => tag === '*' || tag === etag);
}

interface Range {
  readonly start: number;
  /** Not in it. */
  readonly end: number;
}

function rangeOf(header: string, size: number): Range | undefined {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(header) ?? [];
  if (first === undefined || last === undefined || first + last === '') return undefined;
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === '' || last === '' ? size : Math.min(size, Number(last) + 1);
  if (start < size && start < end) return { start, end };
  const headers = { 'Content-Range': `bytes */${size}` };
  throw new S3Error(416, 'InvalidRange', 'The requested range is not satisfiable', {}, headers);
}

function slice(content: Content, { start, end }: Range): Content {
  return { size: end - start, read: (from, to) => content.read(start + from, start + to) };
}

const algorithms = ['sha256', 'sha1', 'crc32', 'crc32c', 'crc64nvme'] as const;

function sentChecksum(headers: IncomingHttpHeaders, content: Content): Checksum | undefined {
  const name = (algorithm: ChecksumAlgorithm) => `x-amz-checksum-${algorithm}`;
  const algorithm = algorithms.find((each) => headers[name(each)] !== undefined);
  if (algorithm === undefined) return undefined;
  const checksum = fullChecksum(algorithm, content);
  if (checksum.value !== headers[name(algorithm)]) throw badDigest(name(algorithm));
  return checksum;
}

function noSuchKey(key: string, headers: Record<string, string>): S3Error {
  return new S3Error(404, 'NoSuchKey', 'The specified key does not exist.', { Key: key }, headers);
}

function preconditionFailed(): S3Error {
  const message = 'At least one of the pre-conditions you specified did not hold';
  return new S3Error(412, 'PreconditionFailed', message);
}

function badDigest(name: string): S3Error {
  return new S3Error(400, 'BadDigest', `The ${name} you specified did not match what we received.`);
}
