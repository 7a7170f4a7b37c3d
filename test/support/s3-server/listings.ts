import { encodeUri } from '../sigv4.ts';
import { type Answer, document, escapeXml, S3Error } from './answer.ts';
import type { FakeBucket, StoredVersion } from './bucket.ts';

type Query = ReadonlyMap<string, string>;

/** ListObjectsV2. */
export function listObjects(bucket: FakeBucket, query: Query, pageSize: number): Answer {
  refuseDelimiter(query);
  const encode = encoderOf(query);
  const prefix = query.get('prefix') ?? '';
  const token = query.get('continuation-token');
  const after = token === undefined ? (query.get('start-after') ?? '') : keyOf(token);
  const rest = bucket.current().filter(({ key }) => key.startsWith(prefix) && isAfter(key, after));
  const limit = limitOf(query, pageSize);
  const page = rest.slice(0, limit);
  const isTruncated = rest.length > page.length;
  const last = page.at(-1);
  return document(
    element('ListBucketResult', [
      element('Name', bucket.name),
      element('Prefix', encode(prefix)),
      ...(token === undefined ? [] : [element('ContinuationToken', token)]),
      ...(isTruncated && last !== undefined ? [element('NextContinuationToken', tokenOf(last.key))] : []),
      element('KeyCount', String(page.length)),
      element('MaxKeys', String(limit)),
      ...encodingOf(query),
      element('IsTruncated', String(isTruncated)),
      ...page.map((version) =>
        element('Contents', [element('Key', encode(version.key)), ...fieldsOf(version)]),
      ),
    ]),
  );
}

/** ListObjectVersions. */
export function listVersions(bucket: FakeBucket, query: Query, pageSize: number): Answer {
  refuseDelimiter(query);
  const encode = encoderOf(query);
  const prefix = query.get('prefix') ?? '';
  const keyMarker = query.get('key-marker') ?? '';
  const versionMarker = query.get('version-id-marker') ?? '';
  const all = bucket.versions().filter(({ key }) => key.startsWith(prefix));
  const seen = all.findIndex(({ key, versionId }) => key === keyMarker && versionId === versionMarker);
  const rest = seen === -1 ? all.filter(({ key }) => isAfter(key, keyMarker)) : all.slice(seen + 1);
  const limit = limitOf(query, pageSize);
  const page = rest.slice(0, limit);
  const isTruncated = rest.length > page.length;
  const last = page.at(-1);
  return document(
    element('ListVersionsResult', [
      element('Name', bucket.name),
      element('Prefix', encode(prefix)),
      element('KeyMarker', encode(keyMarker)),
      element('VersionIdMarker', versionMarker),
      ...(isTruncated && last !== undefined
        ? [element('NextKeyMarker', encode(last.key)), element('NextVersionIdMarker', last.versionId)]
        : []),
      element('MaxKeys', String(limit)),
      ...encodingOf(query),
      element('IsTruncated', String(isTruncated)),
      ...page.map((version) =>
        element(version.isDeleteMarker ? 'DeleteMarker' : 'Version', [
          element('Key', encode(version.key)),
          element('VersionId', version.versionId),
          element('IsLatest', String(bucket.find(version.key) === version)),
          ...(version.isDeleteMarker ? [lastModifiedOf(version)] : fieldsOf(version)),
        ]),
      ),
    ]),
  );
}

function fieldsOf(version: StoredVersion): readonly string[] {
  return [
    lastModifiedOf(version),
    element('ETag', `"${version.etag}"`),
    element('Size', String(version.content.size)),
    element('StorageClass', version.storageClass ?? 'STANDARD'),
  ];
}

function lastModifiedOf({ lastModified }: StoredVersion): string {
  return element('LastModified', lastModified.toISOString());
}

function element(name: string, content: string | readonly string[]): string {
  const attribute = name.startsWith('List') ? ' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"' : '';
  const text = typeof content === 'string' ? escapeXml(content) : content.join('');
  return `<${name}${attribute}>${text}</${name}>`;
}

function encoderOf(query: Query): (key: string) => string {
  if (query.get('encoding-type') !== 'url') return (key) => key;
  return (key) => encodeUri(key).replaceAll('%2F', '/').replaceAll('%20', '+');
}

function encodingOf(query: Query): readonly string[] {
  return query.get('encoding-type') === 'url' ? [element('EncodingType', 'url')] : [];
}

function limitOf(query: Query, pageSize: number): number {
  return Math.min(pageSize, Number(query.get('max-keys') ?? pageSize));
}

function isAfter(key: string, other: string): boolean {
  return Buffer.compare(Buffer.from(key), Buffer.from(other)) > 0;
}

function tokenOf(key: string): string {
  return `1${Buffer.from(key).toString('base64')}`;
}

function keyOf(token: string): string {
  const key = Buffer.from(token.slice(1), 'base64').toString();
  if (tokenOf(key) === token) return key;
  throw new S3Error(400, 'InvalidArgument', 'The continuation token provided is incorrect');
}

function refuseDelimiter(query: Query): void {
  if (query.has('delimiter')) throw new S3Error(501, 'NotImplemented', 'This server knows no delimiters');
}
