import { signature } from '../sigv4.ts';
import { S3Error } from './answer.ts';
import type { FakeBucket } from './bucket.ts';
import type { SeenRequest } from './request.ts';

/** A pair of keys that the server knows. */
export interface KnownKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Must come with every request. */
  readonly sessionToken?: string;
  /** Milliseconds since 1970, by the server's clock. */
  readonly expiresAt?: number;
}

const maximumSkew = 15 * 60 * 1000;
const form =
  /^AWS4-HMAC-SHA256 Credential=([^/\s]+)\/(\d{8})\/([^/\s]+)\/s3\/aws4_request,\s*SignedHeaders=([^,\s]+),\s*Signature=([0-9a-f]{64})$/;

/** Refuses, as S3 does, what is not signed by one of the keys, for this bucket's region, at this time. */
export function authorize(
  request: SeenRequest,
  bucket: FakeBucket | undefined,
  keys: readonly KnownKey[],
  now: number,
): void {
  const { authorization = '', ...headers } = request.headers;
  if (authorization === '') {
    if (bucket?.isPublic && ['GET', 'HEAD'].includes(request.method)) return;
    throw new S3Error(403, 'AccessDenied', 'Access Denied');
  }
  const [, id, day = '', region = '', names = '', sent] = form.exec(authorization) ?? [];
  if (id === undefined) {
    throw new S3Error(400, 'AuthorizationHeaderMalformed', 'The authorization header is malformed');
  }
  if (bucket !== undefined && region !== bucket.region) throw wrongRegion(region, bucket.region);
  const date = one(headers['x-amz-date']);
  checkTime(date, day, now);
  const key = keys.find(({ accessKeyId }) => accessKeyId === id);
  if (key === undefined) {
    const message = 'The AWS Access Key Id you provided does not exist in our records.';
    throw new S3Error(403, 'InvalidAccessKeyId', message, { AWSAccessKeyId: id });
  }
  const signedNames = names.split(';');
  const mustBeSigned = ['host', ...Object.keys(headers).filter((name) => name.startsWith('x-amz-'))];
  if (!mustBeSigned.every((name) => signedNames.includes(name))) {
    const message = 'There were headers present in the request which were not signed';
    throw new S3Error(403, 'AccessDenied', message);
  }
  const payloadHash = one(headers['x-amz-content-sha256']);
  if (payloadHash === '') {
    throw new S3Error(
      400,
      'InvalidRequest',
      'Missing required header for this request: x-amz-content-sha256',
    );
  }
  const parts = {
    method: request.method,
    path: request.path,
    query: [...request.query],
    headers: Object.fromEntries(signedNames.map((name) => [name, one(headers[name])])),
    payloadHash,
  };
  if (signature(parts, date, { day, region, service: 's3' }, key.secretAccessKey) !== sent) {
    const message = 'The request signature we calculated does not match the signature you provided.';
    throw new S3Error(403, 'SignatureDoesNotMatch', message);
  }
  checkToken(one(headers['x-amz-security-token']), key, now);
}

function checkTime(date: string, day: string, now: number): void {
  const iso = date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z');
  const time = Date.parse(iso);
  if (Number.isNaN(time) || !date.startsWith(day)) {
    throw new S3Error(403, 'AccessDenied', 'AWS authentication requires a valid Date or x-amz-date header');
  }
  if (Math.abs(time - now) <= maximumSkew) return;
  throw new S3Error(
    403,
    'RequestTimeTooSkewed',
    'The difference between the request time and the current time is too large.',
    { RequestTime: date, ServerTime: new Date(now).toISOString(), MaxAllowedSkewMilliseconds: '900000' },
  );
}

function checkToken(token: string, key: KnownKey, now: number): void {
  if (token !== (key.sessionToken ?? '')) {
    throw new S3Error(400, 'InvalidToken', 'The provided token is malformed or otherwise invalid.');
  }
  if (key.expiresAt !== undefined && now >= key.expiresAt) {
    throw new S3Error(400, 'ExpiredToken', 'The provided token has expired.');
  }
}

function wrongRegion(sent: string, right: string): S3Error {
  return new S3Error(
    400,
    'AuthorizationHeaderMalformed',
    `The authorization header is malformed; the region '${sent}' is wrong; expecting '${right}'`,
    { Region: right },
    { 'x-amz-bucket-region': right },
  );
}

function one(value: string | readonly string[] | undefined): string {
  return typeof value === 'string' ? value : (value ?? []).join(',');
}
