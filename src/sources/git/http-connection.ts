import http from 'node:http';
import type { Agent as HttpsAgent } from 'node:https';

export interface HttpRequest {
  readonly url: URL;
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  readonly signal: AbortSignal;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface ConnectionOptions {
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
  /** `HTTPS_PROXY` and the like; empty = no proxy. */
  readonly proxyEnv: Readonly<Record<string, string>>;
}

/** Nothing was heard for so long: the other side is gone. Milliseconds. */
const silence = 30_000;
const largestAnswer = 32 * 1024 * 1024;

/** Kept-alive connections to one server, so that a poll costs neither a handshake nor a process. */
export class HttpConnection implements Disposable {
  readonly #options: ConnectionOptions;
  #http: http.Agent | undefined;
  #https: HttpsAgent | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  /** Sends a request and reads the whole answer. A kept connection that the server had closed is tried anew, once. */
  async send(request: HttpRequest): Promise<HttpAnswer> {
    const secure = request.url.protocol === 'https:';
    const { default: https } = secure ? await import('node:https') : { default: undefined };
    const { default: module, agent } =
      https === undefined
        ? { default: http, agent: this.#httpAgent() }
        : { default: https, agent: this.#httpsAgent(https) };
    const start = (onAnswer: (answer: http.IncomingMessage) => void) =>
      module.request(
        request.url,
        { method: request.method, headers: request.headers, agent, timeout: silence },
        onAnswer,
      );
    const first = await exchange(start, request);
    if (first !== 'stale') return first;
    const second = await exchange(start, request);
    if (second === 'stale') throw Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
    return second;
  }

  [Symbol.dispose](): void {
    this.#http?.destroy();
    this.#https?.destroy();
  }

  #httpAgent(): http.Agent {
    this.#http ??= new http.Agent({ ...kept, ...this.#proxy() });
    return this.#http;
  }

  #httpsAgent(https: typeof import('node:https')): HttpsAgent {
    const { ca, cert, key } = this.#options;
    this.#https ??= new https.Agent({
      ...kept,
      ...this.#proxy(),
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    });
    return this.#https;
  }

  #proxy() {
    const { proxyEnv } = this.#options;
    return Object.keys(proxyEnv).length === 0 ? {} : { proxyEnv };
  }
}

const kept = { keepAlive: true, maxFreeSockets: 2, timeout: silence } as const;

/** From these versions on Node's own agents speak to proxies. */
export function agentsSpeakToProxies(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > 24 || (major === 24 && minor >= 5) || (major === 22 && minor >= 21);
}

type Start = (onAnswer: (answer: http.IncomingMessage) => void) => http.ClientRequest;

function exchange(start: Start, { body, signal }: HttpRequest): Promise<HttpAnswer | 'stale'> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const request = start((answer) => {
      collect(answer).then((whole) => {
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: whole });
      }, fail);
    });
    const abort = () => request.destroy();
    const fail = (error: NodeJS.ErrnoException) => {
      signal.removeEventListener('abort', abort);
      if (signal.aborted) reject(signal.reason);
      else if (request.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE'))
        resolve('stale');
      else reject(error);
    };
    signal.addEventListener('abort', abort, { once: true });
    request.once('close', () => signal.removeEventListener('abort', abort));
    request.once('timeout', () => {
      request.destroy(Object.assign(new Error('nothing was heard for 30 s'), { code: 'ETIMEDOUT' }));
    });
    request.on('error', fail);
    request.end(body);
  });
}

/** By events: an async iterator costs a tenth of a poll. */
function collect(answer: http.IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    answer.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      length += chunk.byteLength;
      if (length > largestAnswer) answer.destroy(new Error('the answer is too large'));
    });
    answer.once('end', () => resolve(Buffer.concat(chunks)));
    answer.once('error', reject);
    // After the end this changes nothing any more.
    answer.once('close', () =>
      reject(Object.assign(new Error('the answer was cut short'), { code: 'ECONNRESET' })),
    );
  });
}
