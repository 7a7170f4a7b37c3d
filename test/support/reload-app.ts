import { once } from 'node:events';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';

/** One call that arrived, read to its end. */
export interface RecordedCall {
  readonly method: string;
  readonly path: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
  /** `performance.now()`. */
  readonly at: number;
}

/** What the application does with one call. */
export type Script =
  | {
      readonly status: number;
      readonly body?: string | Buffer;
      readonly headers?: http.OutgoingHttpHeaders;
      /** Milliseconds before the answer. */
      readonly delay?: number;
    }
  | { readonly fault: 'reset' | 'hang' | 'hang-in-body' | 'cut' | 'endless' | 'upgrade' }
  | ((request: IncomingMessage, response: ServerResponse) => void | Promise<void>);

export interface ReloadAppOptions {
  readonly host?: string;
  readonly port?: number;
  readonly tls?: { readonly key: string; readonly cert: string };
}

/** A real HTTP application with a reload endpoint that does as it is told. */
export class ReloadApp implements AsyncDisposable {
  readonly calls: RecordedCall[] = [];
  /** How many calls are being answered now, and how many ever were at once. */
  current = 0;
  most = 0;
  readonly #server: http.Server;
  readonly #scheme: string;
  readonly #queue: Script[] = [];
  #usual: Script = { status: 200 };

  private constructor(tls: ReloadAppOptions['tls']) {
    const handle = (request: IncomingMessage, response: ServerResponse) => {
      void this.#handle(request, response);
    };
    this.#server = tls === undefined ? http.createServer(handle) : https.createServer(tls, handle);
    this.#scheme = tls === undefined ? 'http' : 'https';
    this.#server.on('connect', (_request, socket) => socket.end('HTTP/1.1 407 Log in\r\n\r\n'));
  }

  static async start({ host = '127.0.0.1', port = 0, tls }: ReloadAppOptions = {}): Promise<ReloadApp> {
    const app = new ReloadApp(tls);
    app.#server.listen(port, host);
    await once(app.#server, 'listening');
    return app;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** The reload endpoint, under another host name or path if asked. */
  url(path = '/-/reload', host = '127.0.0.1'): URL {
    return new URL(`${this.#scheme}://${host}:${this.port}${path}`);
  }

  /** Each call takes the next of these; after the last the usual answer comes. */
  next(...scripts: readonly Script[]): this {
    this.#queue.push(...scripts);
    return this;
  }

  /** What it does when nothing else is scripted; 200 without a body at first. */
  usually(script: Script): this {
    this.#usual = script;
    return this;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.current += 1;
    this.most = Math.max(this.most, this.current);
    response.on('close', () => {
      this.current -= 1;
    });
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    } catch {
      return;
    }
    const { method = '', url: path = '', headers } = request;
    const body = Buffer.concat(chunks).toString();
    this.calls.push({ method, path, headers, body, at: performance.now() });
    const script = this.#queue.shift() ?? this.#usual;
    if (typeof script === 'function') await script(request, response);
    else if ('fault' in script) fail(script.fault, request, response);
    else {
      if (script.delay !== undefined) await new Promise((resolve) => setTimeout(resolve, script.delay));
      response.writeHead(script.status, script.headers).end(script.body);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }
}

function fail(fault: string, request: IncomingMessage, response: ServerResponse): void {
  switch (fault) {
    case 'reset':
      request.socket.resetAndDestroy();
      break;
    case 'hang':
      break;
    case 'hang-in-body':
      response.writeHead(200, { 'content-length': 100 }).write('the beginning');
      break;
    case 'cut':
      response
        .writeHead(200, { 'content-length': 100 })
        .write('the beginning', () => request.socket.destroy());
      break;
    case 'endless': {
      response.writeHead(500);
      const chunk = Buffer.alloc(16 * 1024, 'x');
      const pump = () => {
        while (!response.destroyed && response.write(chunk));
        if (!response.destroyed) response.once('drain', pump);
      };
      pump();
      break;
    }
    case 'upgrade':
      request.socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: odd\r\n\r\n');
      break;
  }
}

/** A port of loopback where nobody listens. */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  await using app = await ReloadApp.start({ host });
  return app.port;
}
