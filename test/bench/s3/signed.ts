import type { IncomingMessage } from 'node:http';
import { signature } from '../../support/sigv4.ts';

export interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

const form =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/(s3)\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/;

/** Whether the holder of these keys signed the request as it arrived. */
export function isSigned(
  { method = '', headers }: IncomingMessage,
  path: string,
  query: URLSearchParams,
  { accessKeyId, secretAccessKey }: Keys,
): boolean {
  const [, id, day = '', region = '', service = '', names = '', given] =
    form.exec(headers.authorization ?? '') ?? [];
  if (id !== accessKeyId) return false;
  const signed = names.split(';').map((name) => [name, String(headers[name] ?? '')] as const);
  const parts = {
    method,
    path: Buffer.from(path),
    query: [...query],
    headers: Object.fromEntries(signed),
    payloadHash: String(headers['x-amz-content-sha256'] ?? ''),
  };
  const date = String(headers['x-amz-date'] ?? '');
  return signature(parts, date, { day, region, service }, secretAccessKey) === given;
}
