import { createHmac, hash } from 'node:crypto';
import type { Credentials } from '../credentials/credentials.ts';

/** What of a request is signed. */
export interface Signable {
  readonly method: string;
  /** As it is sent: percent-encoded once, nothing collapsed. */
  readonly path: string;
  /** As it is sent: sorted, without the `?`. */
  readonly query: string;
  /** With lower-case names, `host` among them. */
  readonly headers: Readonly<Record<string, string>>;
  /** The SHA-256 of the body in hexadecimal; of none, unless it is given. */
  readonly digest?: string;
}

export interface Scope {
  readonly credentials: Credentials;
  readonly region: string;
  /** The store's time. */
  readonly time: Date;
}

/** The digest of no body. */
const emptyDigest = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

/** Signs requests by AWS Signature Version 4 for S3; a key lasts a day, and is made once. */
export class Signer {
  #key: Buffer | undefined;
  #keyOf = '';

  /** The headers of the signed request: those that were given, and the signature's. */
  sign(request: Signable, { credentials, region, time }: Scope): Record<string, string> {
    const { accessKeyId, sessionToken } = credentials;
    const stamp = time.toISOString().replace(/[:-]|\.\d{3}/g, '');
    const day = stamp.slice(0, 8);
    const digest = request.digest ?? emptyDigest;
    const headers: Record<string, string> = {
      ...request.headers,
      'x-amz-content-sha256': digest,
      'x-amz-date': stamp,
      ...(sessionToken === undefined ? {} : { 'x-amz-security-token': sessionToken }),
    };
    const names = Object.keys(headers).sort();
    const signed = names.join(';');
    const lines = names.map((name) => `${name}:${(headers[name] ?? '').trim().replace(/ +/g, ' ')}\n`);
    const canonical = `${request.method}\n${request.path}\n${request.query}\n${lines.join('')}\n${signed}\n${digest}`;
    const scope = `${day}/${region}/s3/aws4_request`;
    const text = `AWS4-HMAC-SHA256\n${stamp}\n${scope}\n${hash('sha256', canonical)}`;
    const signature = createHmac('sha256', this.#keyFor(credentials.secretAccessKey, day, region));
    headers['authorization'] =
      `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${signed}, Signature=${signature.update(text).digest('hex')}`;
    return headers;
  }

  #keyFor(secret: string, day: string, region: string): Buffer {
    const wanted = `${day}/${region}/${secret}`;
    if (this.#key === undefined || this.#keyOf !== wanted) {
      const parts = [day, region, 's3', 'aws4_request'];
      this.#key = parts.reduce<Buffer>(
        (key, part) => createHmac('sha256', key).update(part).digest(),
        Buffer.from(`AWS4${secret}`),
      );
      this.#keyOf = wanted;
    }
    return this.#key;
  }
}

/** A key as the path of a URL, each byte literal: `..` and `//` are parts of a name here. */
export function encodePath(key: string): string {
  return /^[A-Za-z0-9\-._~/]*$/.test(key) ? key : encode(key).replaceAll('%2F', '/');
}

/** The query as it is sent and signed. */
export function encodeQuery(query: Readonly<Record<string, string>>): string {
  return Object.entries(query)
    .map(([name, value]) => [encode(name), encode(value)] as const)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

function encode(text: string): string {
  const encoded = encodeURIComponent(text.toWellFormed());
  return encoded.replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}
