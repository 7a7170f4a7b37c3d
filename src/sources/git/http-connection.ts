import { HttpClient, type HttpClientOptions } from '../../platform/http/client.ts';
import type { Headers, HttpRequest } from '../../platform/http/exchange.ts';

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Buffer;
}

/** Nothing was heard for so long: the other side is gone. Milliseconds. */
const silence = 30_000;
const timeouts = { connect: silence, firstByte: silence, silence };
const largestAnswer = 32 * 1024 * 1024;

/** Kept-alive connections to one server, so that a poll costs neither a handshake nor a process. */
export class HttpConnection implements Disposable {
  readonly #http: HttpClient;

  constructor(options: Omit<HttpClientOptions, 'timeouts' | 'maxFree'>) {
    this.#http = new HttpClient({ ...options, timeouts, maxFree: 2 });
  }

  /** Sends a request and reads the whole answer. */
  async send(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
    using incoming = await this.#http.send(request, signal);
    const body = await incoming.whole(largestAnswer);
    if (body === undefined) throw new Error('the answer is too large');
    return { status: incoming.status, headers: incoming.headers, body };
  }

  [Symbol.dispose](): void {
    this.#http[Symbol.dispose]();
  }
}
