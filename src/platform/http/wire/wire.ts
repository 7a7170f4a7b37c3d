import { connect, isIP, type Socket } from 'node:net';
import type { ConnectionOptions as TlsOptions } from 'node:tls';
import { isLocalhost, lookUpLocalhost } from '../../hosts.ts';
import {
  type Answer,
  type Exchanged,
  type HttpRequest,
  type Origin,
  reset,
  type Timeouts,
} from '../exchange.ts';
import { WireConnection } from './connection.ts';

export interface WireOptions {
  /** PEM certificates that are trusted in the place of the usual authorities. */
  readonly ca?: string | undefined;
  /** The client's own certificate and its key. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly timeouts: Timeouts;
  /** So many connections are kept. */
  readonly maxFree: number;
  /** A kept connection on which nothing moved for so long is not used any more. Milliseconds. */
  readonly idle: number;
}

interface Free {
  readonly connection: WireConnection;
  readonly key: string;
  /** The `performance.now()` from which on it may be closed any moment. */
  readonly until: number;
}

/**
 * Requests over HTTP/1.1 on kept connections, straight on sockets. A poll that finds nothing is one small request and
 * one small answer, and two thirds of what it costs through `node:http` are streams and events that it has no use for.
 */
export class Wire implements Disposable {
  readonly #options: WireOptions;
  #free: Free[] = [];
  readonly #all = new Set<WireConnection>();
  /** Of TLS, to go on with, by origin. */
  readonly #sessions = new Map<string, Buffer>();

  constructor(options: WireOptions) {
    this.#options = options;
  }

  /** A kept connection that the server had closed is tried anew, once. */
  async send(request: HttpRequest, signal: AbortSignal): Promise<Answer> {
    const first = await this.#exchange(request, this.#takeFree(request.origin), signal);
    if (first !== 'stale') return first;
    const second = await this.#exchange(request, undefined, signal);
    if (second === 'stale') throw reset('socket hang up');
    return second;
  }

  [Symbol.dispose](): void {
    for (const connection of this.#all) connection.destroy();
  }

  #exchange(
    request: HttpRequest,
    kept: WireConnection | undefined,
    signal: AbortSignal,
  ): Promise<Exchanged<Answer>> {
    const connection = kept ?? this.#connect(request.origin);
    return connection.exchange(request, this.#options.timeouts, signal);
  }

  #takeFree(origin: Origin): WireConnection | undefined {
    const key = keyOf(origin);
    for (;;) {
      const at = this.#free.findLastIndex((free) => free.key === key);
      const [free] = at === -1 ? [] : this.#free.splice(at, 1);
      if (free === undefined || free.until > performance.now()) return free?.connection;
      free.connection.destroy();
    }
  }

  #connect(origin: Origin): WireConnection {
    const key = keyOf(origin);
    const { maxFree, idle } = this.#options;
    const connection = new WireConnection(this.#socket(origin), origin.secure ? 'secureConnect' : 'connect', {
      onFree: (free, keepAlive) => {
        if (this.#free.length >= maxFree) return free.destroy();
        this.#free.push({ connection: free, key, until: performance.now() + Math.min(idle, keepAlive) });
      },
      onClosed: (closed) => {
        this.#all.delete(closed);
        this.#free = this.#free.filter((free) => free.connection !== closed);
      },
    });
    this.#all.add(connection);
    return connection;
  }

  #socket(origin: Origin): Socket {
    const { secure, hostname, port = secure ? 443 : 80 } = origin;
    const host = hostname.replace(/\.$/, '');
    // Resolvers need not know the names below `localhost`, as of a bucket of a store on this node.
    const both = isLocalhost(host) ? { lookup: lookUpLocalhost, autoSelectFamily: true } : {};
    if (!secure) return connect({ host, port, ...both });
    const { ca, cert, key } = this.#options;
    const session = this.#sessions.get(keyOf(origin));
    const options: TlsOptions = {
      host,
      port,
      ...both,
      ALPNProtocols: ['http/1.1'],
      ...(isIP(host) === 0 ? { servername: host } : {}),
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
      ...(session === undefined ? {} : { session }),
    };
    // Loaded when it is asked for.
    const socket = process.getBuiltinModule('node:tls').connect(options);
    return socket.on('session', (ticket: Buffer) => void this.#sessions.set(keyOf(origin), ticket));
  }
}

function keyOf({ secure, hostname, port }: Origin): string {
  return `${secure ? 'https' : 'http'} ${hostname} ${port ?? ''}`;
}
