import { hash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { encodeQuery, Signer } from '../../sources/s3/store/sigv4.ts';
import { S3Refusal } from './s3-answer.ts';

/** A pair of keys that the demo's S3 server knows. */
export interface S3Key {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly mayWrite: boolean;
}

export interface SignedRequest {
  readonly method: string;
  /** As it was sent. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: Uint8Array;
}

const form =
  /^AWS4-HMAC-SHA256 Credential=[^/\s]+\/\d{8}\/([^/\s]+)\/s3\/aws4_request,\s*SignedHeaders=([^,\s]+),\s*Signature=[0-9a-f]{64}$/;

/** The key that a request says it is signed with. */
export function claimedKey({ authorization = '' }: IncomingHttpHeaders, keys: readonly S3Key[]): S3Key {
  if (authorization === '') throw new S3Refusal(403, 'AccessDenied', 'The request is not signed');
  const id = /Credential=([^/,\s]+)/.exec(authorization)?.[1];
  const key = keys.find(({ accessKeyId }) => accessKeyId === id);
  if (key === undefined) throw new S3Refusal(403, 'InvalidAccessKeyId', 'There is no such access key');
  return key;
}

/** Signs the request with the key again, whatever region it is for, and refuses it where the signatures differ. */
export function verify({ method, path, query, headers, body }: SignedRequest, key: S3Key): void {
  const [, region, names = ''] = form.exec(headers.authorization ?? '') ?? [];
  const time = new Date(
    one(headers['x-amz-date']).replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'),
  );
  if (region === undefined || Number.isNaN(time.getTime()))
    throw new S3Refusal(400, 'AuthorizationHeaderMalformed', 'The signature is not in the form of version 4');
  const signedNames = names.split(';');
  const mustBeSigned = ['host', ...Object.keys(headers).filter((name) => name.startsWith('x-amz-'))];
  if (!mustBeSigned.every((name) => signedNames.includes(name)))
    throw new S3Refusal(403, 'AccessDenied', 'There are headers that had to be signed and were not');
  const digest = one(headers['x-amz-content-sha256']);
  if (!/^[0-9a-f]{64}$/.test(digest))
    throw new S3Refusal(501, 'NotImplemented', 'Only a body whose SHA-256 is signed is supported');
  const signed = Object.fromEntries(signedNames.map((name) => [name, one(headers[name])]));
  const again = new Signer().sign(
    { method, path, query: encodeQuery(Object.fromEntries(query)), headers: signed, digest },
    { credentials: { ...key, sessionToken: undefined, expiresAt: undefined }, region, time },
  );
  if (signatureIn(again['authorization']) !== signatureIn(headers.authorization))
    throw new S3Refusal(403, 'SignatureDoesNotMatch', 'The request was signed with another secret');
  if (hash('sha256', body) !== digest)
    throw new S3Refusal(400, 'XAmzContentSHA256Mismatch', 'The body is not the one that was signed');
}

function signatureIn(authorization = ''): string {
  return authorization.slice(authorization.lastIndexOf('=') + 1);
}

function one(value: string | readonly string[] | undefined): string {
  return typeof value === 'string' ? value : (value ?? []).join(',');
}
