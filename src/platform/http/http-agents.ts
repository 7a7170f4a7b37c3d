import http from 'node:http';
import type { Agent as HttpsAgent } from 'node:https';
import type { Certificates } from './exchange.ts';

export interface AgentOptions extends Certificates {
  /** `HTTPS_PROXY` and the like; empty = no proxy. */
  readonly proxyEnv: Readonly<Record<string, string>>;
  readonly maxFreeSockets: number;
  /** A kept connection on which nothing moves for so long is closed. Milliseconds. */
  readonly idle: number;
}

/** How to send a request: `request({ ...options, agent })`. */
export interface Transport {
  readonly request: typeof http.request;
  readonly agent: http.Agent;
}

/** Kept-alive connections, so that a poll costs no handshake. TLS is loaded when it is asked for. */
export class HttpAgents implements Disposable {
  readonly #options: AgentOptions;
  #http: http.Agent | undefined;
  #https: HttpsAgent | undefined;

  constructor(options: AgentOptions) {
    this.#options = options;
  }

  async transport(secure: boolean): Promise<Transport> {
    if (!secure) {
      this.#http ??= new http.Agent(this.#common());
      return { request: http.request, agent: this.#http };
    }
    const { default: https } = await import('node:https');
    const { ca, cert, key } = this.#options;
    this.#https ??= new https.Agent({
      ...this.#common(),
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    });
    return { request: https.request, agent: this.#https };
  }

  [Symbol.dispose](): void {
    this.#http?.destroy();
    this.#https?.destroy();
  }

  #common() {
    const { proxyEnv, maxFreeSockets, idle } = this.#options;
    const proxy = Object.keys(proxyEnv).length === 0 ? {} : { proxyEnv };
    return { keepAlive: true, maxFreeSockets, timeout: idle, ...proxy };
  }
}
