import type { Answer, Certificates, HttpRequest, Timeouts } from './exchange.ts';
import { Incoming } from './incoming.ts';
import { Wire } from './wire/wire.ts';

export interface HttpClientOptions extends Certificates {
  /** `HTTPS_PROXY` and the like; empty = no proxy. */
  readonly proxyEnv: Readonly<Record<string, string>>;
  readonly timeouts: Timeouts;
  /** So many connections are kept. */
  readonly maxFree: number;
}

interface Transport extends Disposable {
  send(request: HttpRequest, signal: AbortSignal): Promise<Answer>;
}

/** Idle connections are kept for longer than a usual interval of polls. Milliseconds. */
const idle = 90_000;

/** Sends requests and waits for the headers of their answers. The number of connections is not bounded: nobody waits for one. */
export class HttpClient implements Disposable {
  readonly #options: HttpClientOptions;
  /** One for all requests, also for those that begin at once. */
  #transport: Promise<Transport> | undefined;

  constructor(options: HttpClientOptions) {
    this.#options = options;
  }

  /** Rejects with a system error, or with the signal's reason; the signal goes on to bound the body. */
  async send(request: HttpRequest, signal: AbortSignal): Promise<Incoming> {
    this.#transport ??= this.#load();
    const transport = await this.#transport;
    const answer = await transport.send(request, signal);
    return new Incoming(answer, {
      isHead: request.method === 'HEAD',
      silence: this.#options.timeouts.silence,
      signal,
    });
  }

  [Symbol.dispose](): void {
    this.#transport?.then(
      (transport) => transport[Symbol.dispose](),
      () => undefined,
    );
  }

  async #load(): Promise<Transport> {
    const { proxyEnv, maxFree, timeouts, ...certificates } = this.#options;
    if (Object.keys(proxyEnv).length === 0) return new Wire({ ...certificates, timeouts, maxFree, idle });
    const { ThroughNode } = await import('./through-node.ts');
    const agents = { ...certificates, proxyEnv, maxFreeSockets: maxFree, idle };
    return new ThroughNode(agents, timeouts);
  }
}
