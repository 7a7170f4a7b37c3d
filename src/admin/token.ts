import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { type Reply, text } from './reply.ts';

/** The refusal of a request without the bearer token; undefined when it has it. */
export function unlessAllowed({ headers }: IncomingMessage, expected: string | undefined): Reply | undefined {
  if (expected === undefined) {
    return { status: 403, type: text, body: 'forbidden: WHERRY_ADMIN_TOKEN is not set\n' };
  }
  const given = /^bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1];
  if (given !== undefined && equals(Buffer.from(given, 'latin1'), Buffer.from(expected))) return undefined;
  return {
    status: 401,
    type: text,
    body: 'give the token: Authorization: Bearer …\n',
    headers: { 'www-authenticate': 'Bearer realm="wherry"' },
  };
}

/** In constant time, whatever the lengths. */
function equals(given: Buffer, expected: Buffer): boolean {
  const digest = (value: Buffer) => createHash('sha256').update(value).digest();
  return timingSafeEqual(digest(given), digest(expected));
}
