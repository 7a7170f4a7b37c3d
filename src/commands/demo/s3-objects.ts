import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { document, element, empty, type S3Answer, S3Refusal, text } from './s3-answer.ts';

interface StoredObject {
  readonly bytes: Uint8Array;
  /** In quotes, as it is sent. */
  readonly etag: string;
  readonly modified: Date;
}

const pageSize = 1000;

/** The objects of one bucket, in memory. */
export class S3Objects {
  readonly #objects = new Map<string, StoredObject>();

  /** GetObject, and HeadObject but for the body. */
  read(key: string, headers: IncomingHttpHeaders): S3Answer {
    const { bytes, etag, modified } = this.#objects.get(key) ?? missing(key);
    const { 'if-match': ifMatch, 'if-none-match': ifNoneMatch } = headers;
    if (ifMatch !== undefined && !names(ifMatch, etag)) throw preconditionFailed();
    const validators = { etag, 'last-modified': modified.toUTCString() };
    if (ifNoneMatch !== undefined && names(ifNoneMatch, etag)) return empty(304, validators);
    return {
      status: 200,
      headers: { ...validators, 'content-type': 'binary/octet-stream' },
      body: bytes,
    };
  }

  /** PutObject: on a condition, it is compared and written at once. */
  write(key: string, headers: IncomingHttpHeaders, bytes: Uint8Array): S3Answer {
    const found = this.#objects.get(key);
    const { 'if-match': ifMatch, 'if-none-match': ifNoneMatch } = headers;
    if (ifMatch !== undefined && !names(ifMatch, (found ?? missing(key)).etag)) throw preconditionFailed();
    if (ifNoneMatch !== undefined && ifNoneMatch !== '*')
      throw new S3Refusal(501, 'NotImplemented', 'If-None-Match of a PUT can only be *');
    if (ifNoneMatch === '*' && found !== undefined) throw preconditionFailed();
    const etag = `"${createHash('md5').update(bytes).digest('hex')}"`;
    this.#objects.set(key, { bytes, etag, modified: new Date() });
    return empty(200, { etag });
  }

  /** ListObjectsV2. */
  list(bucket: string, query: URLSearchParams): S3Answer {
    if (query.has('delimiter')) throw new S3Refusal(501, 'NotImplemented', 'A delimiter is not supported');
    const prefix = query.get('prefix') ?? '';
    const after = fromToken(query.get('continuation-token')) ?? query.get('start-after') ?? '';
    const limit = Math.min(pageSize, Number(query.get('max-keys') ?? pageSize));
    const isEncoded = query.get('encoding-type') === 'url';
    const rest = [...this.#objects]
      .filter(([key]) => key.startsWith(prefix) && byBytes(key, after) > 0)
      .sort(([one], [other]) => byBytes(one, other));
    const page = rest.slice(0, limit);
    const last = page.at(-1)?.[0];
    const isTruncated = last !== undefined && rest.length > page.length;
    const inForm = (key: string) => text(isEncoded ? encodeURIComponent(key) : key);
    return document(
      200,
      element(
        'ListBucketResult',
        element('Name', bucket),
        element('Prefix', inForm(prefix)),
        element('KeyCount', String(page.length)),
        element('MaxKeys', String(limit)),
        ...(isEncoded ? [element('EncodingType', 'url')] : []),
        element('IsTruncated', String(isTruncated)),
        ...(isTruncated ? [element('NextContinuationToken', toToken(last))] : []),
        ...page.map(([key, { bytes, etag, modified }]) =>
          element(
            'Contents',
            element('Key', inForm(key)),
            element('LastModified', modified.toISOString()),
            element('ETag', etag),
            element('Size', String(bytes.byteLength)),
          ),
        ),
      ),
    );
  }
}

function missing(key: string): never {
  throw new S3Refusal(404, 'NoSuchKey', `There is no object ${JSON.stringify(key)}`);
}

function preconditionFailed(): S3Refusal {
  return new S3Refusal(412, 'PreconditionFailed', 'The object is not as the condition says');
}

/** Whether a condition names this ETag, which stands in quotes there or not. */
function names(condition: string, etag: string): boolean {
  const bare = (tag: string) => tag.trim().replace(/^W\//, '').replaceAll('"', '');
  return condition.split(',').some((tag) => bare(tag) === '*' || bare(tag) === bare(etag));
}

function byBytes(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}

function toToken(key: string): string {
  return Buffer.from(key).toString('base64url');
}

function fromToken(token: string | null): string | undefined {
  return token === null ? undefined : Buffer.from(token, 'base64url').toString();
}
