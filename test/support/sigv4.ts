import { createHash, createHmac } from 'node:crypto';

/** What a signature of version 4 covers. */
export interface SignedParts {
  readonly method: string;
  /** Decoded. */
  readonly path: Buffer;
  /** Decoded pairs, in any order. */
  readonly query: readonly (readonly [string, string])[];
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly payloadHash: string;
}

export interface Scope {
  /** `20261122`. */
  readonly day: string;
  readonly region: string;
  readonly service: string;
}

/** The signature of a request: https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html */
export function signature(parts: SignedParts, date: string, scope: Scope, secret: string): string {
  const { day, region, service } = scope;
  const query = parts.query.map(([name, value]) => [encodeUri(name), encodeUri(value)] as const);
  const names = Object.keys(parts.headers).sort();
  const canonical = [
    parts.method,
    encodeUri(parts.path).replaceAll('%2F', '/'),
    query
      .sort(([a, x], [b, y]) => (a === b ? order(x, y) : order(a, b)))
      .map(([name, value]) => `${name}=${value}`)
      .join('&'),
    ...names.map((name) => `${name}:${parts.headers[name]?.trim().replace(/ +/g, ' ')}`),
    '',
    names.join(';'),
    parts.payloadHash,
  ].join('\n');
  const text = ['AWS4-HMAC-SHA256', date, `${day}/${region}/${service}/aws4_request`, sha256(canonical)].join(
    '\n',
  );
  const key = [day, region, service, 'aws4_request'].reduce<Buffer>(
    (previous, part) => hmac(previous, part),
    Buffer.from(`AWS4${secret}`),
  );
  return hmac(key, text).toString('hex');
}

export interface ToSign {
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly query: readonly (readonly [string, string])[];
  readonly body: string | Uint8Array;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** The target and the headers of a request that is signed for `us-east-1`. */
export function signedRequest(request: ToSign): { target: string; headers: Record<string, string> } {
  const date = `${new Date().toISOString().replace(/[-:]|\.\d+/g, '')}`;
  const scope = { day: date.slice(0, 8), region: 'us-east-1', service: 's3' };
  const payloadHash = sha256(request.body);
  const headers = { host: request.host, 'x-amz-content-sha256': payloadHash, 'x-amz-date': date };
  const path = Buffer.from(request.path);
  const parts = { method: request.method, path, query: request.query, headers, payloadHash };
  const signed = signature(parts, date, scope, request.secretAccessKey);
  const credential = `${request.accessKeyId}/${scope.day}/${scope.region}/s3/aws4_request`;
  const query = request.query.map(([name, value]) => `${encodeUri(name)}=${encodeUri(value)}`).join('&');
  return {
    target: `${encodeUri(path).replaceAll('%2F', '/')}${query === '' ? '' : `?${query}`}`,
    headers: {
      ...headers,
      authorization: `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${Object.keys(headers).sort().join(';')}, Signature=${signed}`,
    },
  };
}

/** All but the letters, the digits and `-._~`, byte by byte. */
export function encodeUri(value: string | Buffer): string {
  const hex = (byte: number) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  return Array.from(Buffer.from(value), (byte) => {
    const character = String.fromCharCode(byte);
    return /[A-Za-z0-9._~-]/.test(character) ? character : hex(byte);
  }).join('');
}

function order(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

function sha256(value: string | Uint8Array): string {
  return createHash('sha256').update(value).digest('hex');
}

function hmac(key: Buffer, value: string): Buffer {
  return createHmac('sha256', key).update(value).digest();
}
