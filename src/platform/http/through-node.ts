import type http from 'node:http';
import type { Socket } from 'node:net';
import { isLocalhost, lookUpLocalhost } from '../hosts.ts';
import { type Answer, type Exchanged, type HttpRequest, reset, type Timeouts, timedOut } from './exchange.ts';
import { type AgentOptions, HttpAgents, type Transport } from './http-agents.ts';

/** Requests by Node's own client and agents, which know proxies. */
export class ThroughNode implements Disposable {
  readonly #agents: HttpAgents;
  readonly #timeouts: Timeouts;

  constructor(options: AgentOptions, timeouts: Timeouts) {
    this.#agents = new HttpAgents(options);
    this.#timeouts = timeouts;
  }

  /** A kept connection that the server had closed is tried anew, once. */
  async send(request: HttpRequest, signal: AbortSignal): Promise<Answer> {
    const transport = await this.#agents.transport(request.origin.secure);
    const first = await exchange(transport, request, this.#timeouts, signal);
    const answer = first === 'stale' ? await exchange(transport, request, this.#timeouts, signal) : first;
    if (answer === 'stale') throw reset('socket hang up');
    return new NodeAnswer(answer);
  }

  [Symbol.dispose](): void {
    this.#agents[Symbol.dispose]();
  }
}

class NodeAnswer implements Answer {
  readonly status: number;
  readonly headers: Answer['headers'];
  moved: () => void = () => undefined;
  readonly #message: http.IncomingMessage;
  #error: Error | undefined;

  constructor(message: http.IncomingMessage) {
    const { 'set-cookie': _, ...headers } = message.headers;
    this.status = message.statusCode ?? 0;
    this.headers = headers as Answer['headers'];
    this.#message = message;
    // Whether or not somebody reads on, a broken connection must not end the process.
    message.on('error', (error) => {
      this.#error ??= error;
      this.moved();
    });
    for (const event of ['readable', 'end', 'close']) message.on(event, () => this.moved());
  }

  take(): Buffer | null | undefined {
    const message = this.#message;
    if (this.#error !== undefined) throw this.#error;
    const chunk: Buffer | null = message.read();
    if (chunk !== null) return chunk;
    if (message.readableEnded && message.complete) return undefined;
    if (message.readableEnded || message.destroyed) throw reset('the answer was cut short');
    return null;
  }

  destroy(): void {
    this.#message.destroy();
  }
}

function exchange(
  { request: start, agent }: Transport,
  { origin, method, path, headers, body }: HttpRequest,
  timeouts: Timeouts,
  signal: AbortSignal,
): Promise<Exchanged<http.IncomingMessage>> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const { hostname: host, port } = origin;
    // Resolvers need not know the names below `localhost`, as of a bucket of a store on this node.
    const both = isLocalhost(host) ? { lookup: lookUpLocalhost, autoSelectFamily: true } : {};
    const options = { host, path, method, headers, agent, setHost: false, ...both };
    const request = start(port === undefined ? options : { ...options, port });
    // Node.js has put the path through a URL, which collapses `..` into the path of another bucket.
    if (request.path !== path) request.path = `http://${headers['host']}${path}`;
    // A request that waits for a proxy's tunnel says nothing when it is destroyed.
    const giveUp = (error: Error) => {
      over();
      reject(error);
      request.destroy(error);
    };
    const late = (what: string, limit: number) => giveUp(timedOut(what, limit));
    let timer = setTimeout(late, timeouts.connect, 'no connection was made', timeouts.connect);
    let isOver = false;
    const over = () => {
      isOver = true;
      clearTimeout(timer);
    };
    const connected = () => {
      clearTimeout(timer);
      if (isOver) return;
      timer = setTimeout(late, timeouts.firstByte, 'it did not answer', timeouts.firstByte);
    };
    const abort = () => giveUp(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    request.once('socket', (socket: Socket & { readonly secureConnecting?: boolean }) => {
      if (!socket.connecting && socket.secureConnecting !== true) connected();
      else socket.once(origin.secure ? 'secureConnect' : 'connect', connected);
    });
    request.once('response', (answer) => {
      over();
      resolve(answer);
    });
    request.once('close', () => {
      over();
      signal.removeEventListener('abort', abort);
    });
    request.on('error', (error: NodeJS.ErrnoException) => {
      if (signal.aborted) reject(signal.reason);
      else if (wasStale(request, error)) resolve('stale');
      else reject(error);
    });
    request.end(body);
  });
}

function wasStale(request: http.ClientRequest, error: NodeJS.ErrnoException): boolean {
  return request.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
}
