import { X509Certificate } from 'node:crypto';
import http, { type IncomingMessage, type RequestOptions } from 'node:http';
import https from 'node:https';
import { hostOf, isLocalhost, isLoopback, lookUpLocalhost } from '../../platform/hosts.ts';
import { oneLine } from '../../platform/one-line.ts';
import { type Access, shownUrl } from './access.ts';

/** One request, and how much of an answer is waited for. */
export interface Exchange {
  readonly url: URL;
  readonly method: string;
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body: Buffer | undefined;
  readonly access: Access;
  /** Milliseconds, from the connection to the last byte. */
  readonly timeout: number;
  /** So much of a body is kept. Bytes. */
  readonly keep: number;
}

/** What came back. All but the body is one line each. */
export interface Response {
  readonly status: number;
  /** The status line's own words. */
  readonly reason: string;
  /** Its beginning as it came; it may repeat secrets. */
  readonly body: string;
  readonly location: string | undefined;
  readonly allow: string | undefined;
}

/** The exchange took longer than it may. */
export class CallTimeout extends Error {}

/** So much of a body is read at least: an answer that never ends is an answer all the same. Bytes. */
const readBody = 64 * 1024;

/** Asks and reads the answer whole, within the time that is allowed for both. No socket outlives it. */
export async function exchange(request: Exchange, signal: AbortSignal): Promise<Response> {
  const agent = agentFor(request);
  const transport = request.url.protocol === 'https:' ? https : http;
  const sent = transport.request({ ...addressOf(request.url), method: request.method, agent });
  const { promise, resolve, reject } = Promise.withResolvers<Response>();
  // What waits for a proxy's tunnel says nothing when it is destroyed.
  const giveUp = (reason: Error) => {
    reject(reason);
    sent.destroy(reason);
  };
  const timer = setTimeout(() => giveUp(new CallTimeout()), request.timeout);
  const abort = () => giveUp(new Error('given up'));
  signal.addEventListener('abort', abort);
  // Nobody waits for it when the request cannot even be put together.
  promise.catch(() => undefined);
  // It stays until the end: destroying a request may report once more.
  sent.on('error', reject);
  sent.on('response', (response) => {
    readAnswer(response, request).then(resolve, reject);
  });
  sent.on('upgrade', (response, socket) => {
    socket.on('error', () => undefined).destroy();
    resolve(answerOf(response, request, ''));
  });
  try {
    for (const [name, value] of Object.entries(request.headers)) sent.setHeader(name, value);
    sent.end(request.body);
    return await promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
    sent.destroy();
    agent.destroy();
  }
}

function addressOf(url: URL): RequestOptions {
  const host = hostOf(url);
  return {
    host,
    port: url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : url.port,
    path: `${url.pathname}${url.search}`,
    ...(isLocalhost(host) ? { lookup: lookUpLocalhost, autoSelectFamily: true } : {}),
  };
}

function agentFor({ url, access: { proxyEnv, ca } }: Exchange): http.Agent {
  const proxied = isLoopback(hostOf(url)) ? {} : { proxyEnv };
  if (url.protocol === 'http:') return new http.Agent({ keepAlive: false, ...proxied });
  // The text is otherwise taken for an empty list, and no certificate is trusted.
  if (ca !== undefined) new X509Certificate(ca);
  return new https.Agent({ keepAlive: false, ...proxied, ...(ca === undefined ? {} : { ca }) });
}

/** Rejects when the answer breaks off. */
async function readAnswer(response: IncomingMessage, request: Exchange): Promise<Response> {
  const { keep } = request;
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    if (length < keep) chunks.push(chunk);
    length += chunk.byteLength;
    if (length > Math.max(keep, readBody)) break;
  }
  return answerOf(response, request, Buffer.concat(chunks).subarray(0, keep).toString('utf8'));
}

function answerOf(
  { statusCode = 0, statusMessage = '', headers }: IncomingMessage,
  { url }: Exchange,
  body: string,
): Response {
  return {
    body,
    status: statusCode,
    reason: oneLine(statusMessage),
    location: headers.location === undefined ? undefined : shownLocation(headers.location, url),
    allow: headers.allow === undefined ? undefined : oneLine(headers.allow),
  };
}

function shownLocation(location: string, base: URL): string {
  return URL.canParse(location, base) ? shownUrl(new URL(location, base)) : oneLine(location);
}
