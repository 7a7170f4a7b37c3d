import type http from 'node:http';
import type { Socket } from 'node:net';
import { isLocalhost, lookUpLocalhost } from '../../../platform/hosts.ts';
import { HttpAgents, type Transport, wasStale } from '../../../platform/http-agents.ts';
import type { Origin } from './address.ts';
import { Incoming } from './incoming.ts';

/** Milliseconds. */
export interface Timeouts {
  /** Until a connection stands: name, TCP, TLS, and the proxy's. */
  readonly connect: number;
  /** Until the headers of the answer come. */
  readonly firstByte: number;
  /** Between two pieces of a body. */
  readonly silence: number;
}

export const usualTimeouts: Timeouts = { connect: 3000, firstByte: 10_000, silence: 15_000 };

export interface WireRequest {
  readonly origin: Origin;
  readonly method: 'GET' | 'HEAD';
  /** With the query, as it goes over the wire. */
  readonly path: string;
  /** `host` among them. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface ConnectionOptions {
  readonly ca: string | undefined;
  /** `HTTPS_PROXY` and the like; empty = no proxy. */
  readonly proxyEnv: Readonly<Record<string, string>>;
  /** So many downloads run at a time, and their connections are kept for the next ones. */
  readonly concurrency: number;
  readonly timeouts: Timeouts;
}

/** Idle connections are kept for longer than a usual interval of polls. */
const idle = 90_000;

/** Sends requests and waits for the headers of their answers. The number of connections is not bounded: nobody waits for one. */
export class Connection implements Disposable {
  readonly #agents: HttpAgents;
  readonly #timeouts: Timeouts;

  constructor({ ca, proxyEnv, concurrency, timeouts }: ConnectionOptions) {
    this.#agents = new HttpAgents({ ca, proxyEnv, maxFreeSockets: concurrency + 1, idle });
    this.#timeouts = timeouts;
  }

  /** Rejects with a system error, or with the signal's reason; the signal goes on to bound the body. */
  async send(request: WireRequest, signal: AbortSignal): Promise<Incoming> {
    const transport = await this.#agents.transport(request.origin.secure);
    const first = await exchange(transport, request, this.#timeouts, signal);
    const answer = first === 'stale' ? await exchange(transport, request, this.#timeouts, signal) : first;
    if (answer === 'stale') throw Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
    return new Incoming(answer, {
      isHead: request.method === 'HEAD',
      silence: this.#timeouts.silence,
      signal,
    });
  }

  [Symbol.dispose](): void {
    this.#agents[Symbol.dispose]();
  }
}

function exchange(
  { request: start, agent }: Transport,
  { origin, method, path, headers }: WireRequest,
  timeouts: Timeouts,
  signal: AbortSignal,
): Promise<http.IncomingMessage | 'stale'> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const { hostname: host, port } = origin;
    // Resolvers need not know the names below `localhost`, as of a bucket of a store on this node.
    const both = isLocalhost(host) ? { lookup: lookUpLocalhost, autoSelectFamily: true } : {};
    const options = { host, path, method, headers, agent, setHost: false, ...both };
    const request = start(port === undefined ? options : { ...options, port });
    // For a proxy Node.js has put the path through a URL, which collapses `..` into the path of another bucket.
    if (request.path !== path) request.path = `http://${headers['host']}${path}`;
    // A request that waits for a proxy's tunnel says nothing when it is destroyed.
    const giveUp = (error: Error) => {
      over();
      reject(error);
      request.destroy(error);
    };
    const late = (what: string, limit: number) =>
      giveUp(Object.assign(new Error(`${what} within ${limit / 1000} s`), { code: 'ETIMEDOUT' }));
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
    request.end();
  });
}
