import type http from 'node:http';
import { HttpAgents, wasStale } from '../../platform/http-agents.ts';

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
  readonly #agents: HttpAgents;

  constructor(options: ConnectionOptions) {
    this.#agents = new HttpAgents({ ...options, maxFreeSockets: 2, idle: silence });
  }

  /** Sends a request and reads the whole answer. A kept connection that the server had closed is tried anew, once. */
  async send(request: HttpRequest): Promise<HttpAnswer> {
    const { url, method, headers } = request;
    const transport = await this.#agents.transport(url.protocol === 'https:');
    const options = { method, headers, agent: transport.agent, timeout: silence };
    const start: Start = (onAnswer) => transport.request(url, options, onAnswer);
    const first = await exchange(start, request);
    if (first !== 'stale') return first;
    const second = await exchange(start, request);
    if (second === 'stale') throw Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
    return second;
  }

  [Symbol.dispose](): void {
    this.#agents[Symbol.dispose]();
  }
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
    const abort = () => {
      // What waits for a proxy's tunnel says nothing when it is destroyed.
      reject(signal.reason);
      request.destroy();
    };
    const fail = (error: NodeJS.ErrnoException) => {
      signal.removeEventListener('abort', abort);
      if (signal.aborted) reject(signal.reason);
      else if (wasStale(request, error)) resolve('stale');
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
