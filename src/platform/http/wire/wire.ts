import { connect, isIP, type Socket } from 'node:net';
import type { ConnectionOptions as TlsOptions } from 'node:tls';
import { isLocalhost, lookUpLocalhost } from '../../hosts.ts';
import {
  type Answer,
  type Certificates,
  type Exchanged,
  type HttpRequest,
  type Origin,
  reset,
  type Timeouts,
} from '../exchange.ts';
import { type Sendable, WireConnection } from './connection.ts';
import { requestBytes } from './request.ts';

export interface WireOptions extends Certificates {
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
 * one small answer, and half of what it costs through `node:http` are streams and events that it has no use for.
 */
export class Wire implements Disposable {
  readonly #options: WireOptions;
  #free: Free[] = [];
  readonly #all = new Set<WireConnection>();
  /** Of TLS, to go on with, by origin. */
  readonly #sessions = new Map<string, Buffer>();
  #isDisposed = false;
  #sweeping: NodeJS.Timeout | undefined;

  constructor(options: WireOptions) {
    this.#options = options;
  }

  /** A kept connection that the server had closed is tried anew, once. */
  async send(request: HttpRequest, signal: AbortSignal): Promise<Answer> {
    const { origin, method } = request;
    const sendable = { bytes: requestBytes(request), isHead: method === 'HEAD' };
    const first = await this.#exchange(
      sendable,
      () => this.#takeFree(origin) ?? this.#connect(origin),
      signal,
    );
    if (first !== 'stale') return first;
    const second = await this.#exchange(sendable, () => this.#connect(origin), signal);
    if (second === 'stale') throw reset('socket hang up');
    return second;
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true;
    clearTimeout(this.#sweeping);
    for (const connection of this.#all) connection.destroy();
  }

  /** A connection is asked for only when it will be used: one that is not is nobody's to close. */
  #exchange(
    sendable: Sendable,
    connection: () => WireConnection,
    signal: AbortSignal,
  ): Promise<Exchanged<Answer>> {
    signal.throwIfAborted();
    if (this.#isDisposed) throw reset('the client was closed');
    return connection().exchange(sendable, this.#options.timeouts, signal);
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
    const connection = new WireConnection(this.#socket(origin), origin.secure ? 'secureConnect' : 'connect', {
      onFree: (free, keepAlive) => this.#keep(free, key, keepAlive),
      onClosed: (closed) => {
        this.#all.delete(closed);
        this.#free = this.#free.filter((free) => free.connection !== closed);
      },
    });
    this.#all.add(connection);
    return connection;
  }

  #keep(connection: WireConnection, key: string, keepAlive: number): void {
    const { maxFree, idle } = this.#options;
    if (this.#free.length >= maxFree) this.#sweep();
    if (this.#free.length >= maxFree) connection.destroy();
    else {
      this.#free.push({ connection, key, until: performance.now() + Math.min(idle, keepAlive) });
      this.#sweepLater();
    }
  }

  #sweepLater(): void {
    this.#sweeping ??= setTimeout(() => {
      this.#sweeping = undefined;
      this.#sweep();
      if (this.#free.length > 0) this.#sweepLater();
    }, this.#options.idle).unref();
  }

  /** Closes what is not to be used any more: not every server does. */
  #sweep(): void {
    const now = performance.now();
    for (const { connection, until } of this.#free) if (until <= now) connection.destroy();
    this.#free = this.#free.filter(({ until }) => until > now);
  }

  #socket(origin: Origin): Socket {
    const { secure, hostname, port = secure ? 443 : 80 } = origin;
    const host = hostname.replace(/\.$/, '');
    // Resolvers need not know the names below `localhost`, as of a bucket of a store on this node.
    const both = isLocalhost(host) ? { lookup: lookUpLocalhost, autoSelectFamily: true } : {};
    if (!secure) return connect({ host, port, ...both });
    const { ca, cert, key } = this.#options;
    const sessionKey = keyOf(origin);
    const session = this.#sessions.get(sessionKey);
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
    socket.on('session', (ticket: Buffer) => void this.#sessions.set(sessionKey, ticket));
    // It may be what the connection failed at.
    return socket.once('close', (failed) => void (failed && this.#sessions.delete(sessionKey)));
  }
}

function keyOf({ secure, hostname, port }: Origin): string {
  return `${secure ? 'https' : 'http'} ${hostname} ${port ?? ''}`;
}
