import http, { type IncomingMessage } from 'node:http';
import { isLocalhost, lookUpLocalhost } from '../platform/hosts.ts';
import { oneLine } from '../platform/one-line.ts';
import type { ListenAddress } from '../settings/kinds.ts';
import type { Health } from './view.ts';

export type ProbeName = 'startupz' | 'readyz' | 'livez';
export type AdminAddress = Exclude<ListenAddress, 'off'>;

export interface AdminCall {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface AdminAnswer {
  readonly status: number;
  /** As it came, or its beginning. */
  readonly body: string;
}

/** So much of a body is read. Bytes. */
const readBody = 1024 * 1024;

/** Asks a running sidecar. Whatever goes wrong is a reason for not being well; it never rejects. */
export async function askHealth(address: AdminAddress, probe: ProbeName, timeoutMs: number): Promise<Health> {
  try {
    const { status, body } = await callAdmin(address, { method: 'GET', path: `/${probe}` }, timeoutMs);
    if (status === 200) return { ok: true, reason: oneLine(body) };
    if (status === 503) return { ok: false, reason: oneLine(body) };
    return { ok: false, reason: foreign(address, status) };
  } catch (error) {
    return { ok: false, reason: silent(address, error) };
  }
}

/** One call of the administration. Rejects with the system's error when there is no answer. */
export async function callAdmin(
  { host, port }: AdminAddress,
  call: AdminCall,
  timeoutMs: number,
): Promise<AdminAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<AdminAnswer>();
  const called = calledHost(host);
  const both = isLocalhost(called) ? { lookup: lookUpLocalhost, autoSelectFamily: true } : {};
  const agent = new http.Agent({ keepAlive: false });
  const request = http.request({ host: called, port, ...call, ...both, agent }, (response) => {
    read(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject);
  });
  request.on('error', reject).end();
  const timer = setTimeout(() => request.destroy(new Error(`nothing within ${timeoutMs} ms`)), timeoutMs);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    request.destroy();
    agent.destroy();
  }
}

/** What an answer means that a sidecar does not give. */
export function foreign(address: AdminAddress, status: number): string {
  return `${shownAddress(address)} answered ${status}; does something else listen there?`;
}

/** What it means that there was none. */
export function silent(address: AdminAddress, error: unknown): string {
  const [first] = error instanceof AggregateError ? error.errors : [error];
  const why = oneLine(first instanceof Error ? first.message : String(first));
  return `${shownAddress(address)} does not answer (${why}); is the sidecar running?`;
}

function shownAddress({ host, port }: AdminAddress): string {
  const called = calledHost(host);
  return `${called.includes(':') ? `[${called}]` : called}:${port}`;
}

/** An address that means all of this machine's cannot be called. */
function calledHost(host: string | undefined): string {
  return host === undefined || host === '0.0.0.0' || host === '::' ? 'localhost' : host;
}

async function read(response: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of response.setEncoding('utf8') as AsyncIterable<string>) {
    body += chunk;
    if (body.length >= readBody) break;
  }
  return body;
}
