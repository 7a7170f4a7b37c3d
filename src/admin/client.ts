import http, { type IncomingMessage } from 'node:http';
import { isLocalhost, lookUpLocalhost } from '../reload/hosts.ts';
import { oneLine } from '../reload/one-line.ts';
import type { ListenAddress } from '../settings/kinds.ts';
import type { Health } from './view.ts';

export type ProbeName = 'startupz' | 'readyz' | 'livez';

/** So much of a body is read. Bytes. */
const readBody = 4096;

/** Asks a running sidecar. Whatever goes wrong is a reason for not being well; it never rejects. */
export async function askHealth(
  { host, port }: Exclude<ListenAddress, 'off'>,
  probe: ProbeName,
  timeoutMs: number,
): Promise<Health> {
  // An address that means all of this machine's cannot be called.
  const called = host === undefined || host === '0.0.0.0' || host === '::' ? 'localhost' : host;
  const shown = `${called.includes(':') ? `[${called}]` : called}:${port}`;
  try {
    const { status, body } = await get({ host: called, port, path: `/${probe}` }, timeoutMs);
    if (status === 200) return { ok: true, reason: body };
    if (status === 503) return { ok: false, reason: body };
    return { ok: false, reason: `${shown} answered ${status}; does something else listen there?` };
  } catch (error) {
    return { ok: false, reason: `${shown} does not answer (${describe(error)}); is the sidecar running?` };
  }
}

async function get(place: { host: string; port: number; path: string }, timeoutMs: number) {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: string }>();
  const both = isLocalhost(place.host) ? { lookup: lookUpLocalhost, autoSelectFamily: true } : {};
  const agent = new http.Agent({ keepAlive: false });
  const request = http.get({ ...place, ...both, agent }, (response) => {
    read(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject);
  });
  request.on('error', reject);
  const timer = setTimeout(() => request.destroy(new Error(`nothing within ${timeoutMs} ms`)), timeoutMs);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    request.destroy();
    agent.destroy();
  }
}

async function read(response: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of response.setEncoding('utf8') as AsyncIterable<string>) {
    body += chunk;
    if (body.length >= readBody) break;
  }
  return oneLine(body);
}

function describe(error: unknown): string {
  const [first] = error instanceof AggregateError ? error.errors : [error];
  return oneLine(first instanceof Error ? first.message : String(first));
}
