import { X509Certificate } from 'node:crypto';
import http, { type IncomingMessage, type RequestOptions } from 'node:http';
import https from 'node:https';
import { CallTimeout, classifyError, classifyResponse, type HttpResponse } from './answer.ts';
import { hostOf, isLocalhost, isLoopback, lookUpLocalhost } from './hosts.ts';
import { type HttpCall, headersFor, shownUrl } from './http-call.ts';
import { oneLine } from './one-line.ts';
import type { Answer, ReloadContext } from './target.ts';

/** So much of a body is kept for the message. Bytes. */
const keptBody = 2048;
/** So much of it is read: an answer that never ends is an answer all the same. Bytes. */
const readBody = 64 * 1024;

/** Makes the call once. Rejects only with the signal's reason. */
export async function callOverHttp(
  call: HttpCall,
  context: ReloadContext,
  signal: AbortSignal,
): Promise<Answer> {
  signal.throwIfAborted();
  try {
    return classifyResponse(call, await exchange(call, context, signal));
  } catch (error) {
    signal.throwIfAborted();
    return classifyError(call, error, call.hide);
  }
}

/** Asks and reads the answer whole, within the time that is allowed for both. No socket outlives it. */
async function exchange(call: HttpCall, context: ReloadContext, signal: AbortSignal): Promise<HttpResponse> {
  const agent = agentFor(call);
  const transport = call.target.protocol === 'https:' ? https : http;
  const request = transport.request({ ...addressOf(call.target), method: call.method, agent });
  const { promise, resolve, reject } = Promise.withResolvers<HttpResponse>();
  const timer = setTimeout(() => request.destroy(new CallTimeout()), call.timeout);
  const abort = () => request.destroy(new Error('given up'));
  signal.addEventListener('abort', abort);
  // Nobody waits for it when the request cannot even be put together.
  promise.catch(() => undefined);
  // It stays until the end: destroying a request may report once more.
  request.on('error', reject);
  request.on('response', (response) => {
    readAnswer(response, call).then(resolve, reject);
  });
  request.on('upgrade', (response, socket) => {
    socket.on('error', () => undefined).destroy();
    resolve(answerOf(response, '', call));
  });
  try {
    for (const [name, value] of Object.entries(headersFor(call, context))) request.setHeader(name, value);
    request.end(call.body);
    return await promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
    request.destroy();
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

function agentFor({ target, proxyEnv, ca }: HttpCall): http.Agent {
  const proxied = isLoopback(hostOf(target)) ? {} : { proxyEnv };
  if (target.protocol === 'http:') return new http.Agent({ keepAlive: false, ...proxied });
  // The text is otherwise taken for an empty list, and no certificate is trusted.
  if (ca !== undefined) new X509Certificate(ca);
  return new https.Agent({ keepAlive: false, ...proxied, ...(ca === undefined ? {} : { ca }) });
}

/** Rejects when the answer breaks off. */
async function readAnswer(response: IncomingMessage, call: HttpCall): Promise<HttpResponse> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    if (length < keptBody) chunks.push(chunk);
    length += chunk.byteLength;
    if (length >= readBody) break;
  }
  return answerOf(response, Buffer.concat(chunks).subarray(0, keptBody).toString('utf8'), call);
}

function answerOf(response: IncomingMessage, body: string, { hide, target }: HttpCall): HttpResponse {
  const { statusCode = 0, statusMessage = '', headers } = response;
  return {
    status: statusCode,
    reason: oneLine(statusMessage),
    body: hide(oneLine(body)),
    location: headers.location === undefined ? undefined : shownLocation(headers.location, target),
    allow: headers.allow === undefined ? undefined : oneLine(headers.allow),
  };
}

function shownLocation(location: string, base: URL): string {
  return URL.canParse(location, base) ? shownUrl(new URL(location, base)) : oneLine(location);
}
