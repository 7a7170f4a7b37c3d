import { createHash } from 'node:crypto';
import { S3Error } from './answer.ts';
import type { SeenRequest } from './request.ts';

/** The bytes that a request brought, verified against what was signed. */
export function payloadOf(request: SeenRequest, body: Buffer): Buffer {
  const hash = String(request.headers['x-amz-content-sha256'] ?? '');
  if (hash === 'STREAMING-UNSIGNED-PAYLOAD-TRAILER') return joinChunks(body);
  if (hash.startsWith('STREAMING-')) throw new S3Error(501, 'NotImplemented', `no payload of ${hash}`);
  if (!/^[0-9a-f]{64}$/.test(hash)) return body;
  if (createHash('sha256').update(body).digest('hex') === hash) return body;
  const message = "The provided 'x-amz-content-sha256' header does not match what was computed.";
  throw new S3Error(400, 'XAmzContentSHA256Mismatch', message);
}

/** `aws-chunked`, as the SDK sends streams: a length in hexadecimal before each chunk, 0 before the trailer. */
function joinChunks(body: Buffer): Buffer {
  const chunks: Buffer[] = [];
  for (let at = 0; ; ) {
    const end = body.indexOf('\r\n', at);
    const size = Number.parseInt(body.toString('latin1', at, end), 16);
    if (end === -1 || Number.isNaN(size)) {
      throw new S3Error(400, 'IncompleteBody', 'The chunks do not end as they should');
    }
    if (size === 0) return Buffer.concat(chunks);
    chunks.push(body.subarray(end + 2, end + 2 + size));
    at = end + 2 + size + 2;
  }
}
