import { spawn } from 'node:child_process';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { plainGit } from './git-repository.ts';

/** What the server does instead of answering well. */
export type Fault =
  | { readonly status: number; readonly headers?: Record<string, string>; readonly body?: string }
  | 'reset'
  | 'stall'
  /** Breaks off after so many bytes of the body. */
  | { readonly truncateAfter: number };

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: http.IncomingHttpHeaders;
}

export interface GitHttpOptions {
  /** The directory that holds the repositories. */
  readonly root: string;
  /** The `Authorization` header that is accepted. */
  readonly authorization?: string;
  /** The `Cookie` header that is accepted. */
  readonly cookie?: string;
  readonly tls?: {
    readonly cert: string;
    readonly key: string;
    /** Clients must show a certificate that this authority signed. */
    readonly clientCa?: string;
  };
  /** Ignores what clients say of version 2. */
  readonly oldProtocol?: boolean;
}

/** Smart HTTP by `git http-backend`, which a test can make fail in every way, and ask for what it saw. */
export class GitHttpServer {
  readonly url: string;
  readonly requests: SeenRequest[] = [];
  /** Asked for each request that is let in; undefined = answer well. */
  fault: (request: SeenRequest) => Fault | undefined = () => undefined;
  authorization: string | undefined;
  readonly #options: GitHttpOptions;
  readonly #server: http.Server;
  readonly #sockets = new Set<Socket>();

  private constructor(options: GitHttpOptions, server: http.Server) {
    this.#options = options;
    this.#server = server;
    this.authorization = options.authorization;
    this.url = `${options.tls ? 'https' : 'http'}://localhost:${(server.address() as AddressInfo).port}`;
    server.on('request', (request, response) => this.#answer(request, response));
    server.on(options.tls ? 'secureConnection' : 'connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  static async start(options: GitHttpOptions): Promise<GitHttpServer> {
    const { tls } = options;
    const server =
      tls === undefined
        ? http.createServer()
        : https.createServer({
            cert: tls.cert,
            key: tls.key,
            ...(tls.clientCa === undefined
              ? {}
              : { ca: tls.clientCa, requestCert: true, rejectUnauthorized: true }),
          });
    server.keepAliveTimeout = 60_000;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const started = new GitHttpServer(options, server);
    onTestFinished(() => started.stop());
    return started;
  }

  /** How many connections are open now. */
  get connections(): number {
    return this.#sockets.size;
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.dropConnections();
    await closed;
  }

  /** Closes what clients keep open, as a server does that restarts. */
  dropConnections(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #answer(request: http.IncomingMessage, response: http.ServerResponse): void {
    const seen = { method: request.method ?? '', path: request.url ?? '', headers: request.headers };
    this.requests.push(seen);
    const { cookie } = this.#options;
    const refused =
      (this.authorization !== undefined && request.headers.authorization !== this.authorization) ||
      (cookie !== undefined && request.headers.cookie !== cookie);
    if (refused) {
      response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="git"' }).end('no\n');
      return;
    }
    const fault = this.fault(seen);
    if (fault === 'reset') request.socket.destroy();
    else if (fault === 'stall') request.resume();
    else if (fault !== undefined && 'status' in fault) {
      response.writeHead(fault.status, fault.headers).end(fault.body ?? '');
    } else this.#serve(request, response, fault?.truncateAfter ?? Number.POSITIVE_INFINITY);
  }

  #serve(request: http.IncomingMessage, response: http.ServerResponse, limit: number): void {
    const url = new URL(request.url ?? '/', this.url);
    const header = (name: string) => String(request.headers[name] ?? '');
    const backend = spawn('git', ['http-backend'], {
      env: {
        ...plainGit,
        GIT_PROJECT_ROOT: this.#options.root,
        GIT_HTTP_EXPORT_ALL: '1',
        REQUEST_METHOD: request.method,
        QUERY_STRING: url.search.slice(1),
        PATH_INFO: decodeURIComponent(url.pathname),
        CONTENT_TYPE: header('content-type'),
        CONTENT_LENGTH: header('content-length'),
        HTTP_CONTENT_ENCODING: header('content-encoding'),
        GIT_PROTOCOL: this.#options.oldProtocol === true ? '' : header('git-protocol'),
        REMOTE_USER: 'somebody',
        REMOTE_ADDR: '127.0.0.1',
      },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    backend.stdin.on('error', () => undefined);
    request.pipe(backend.stdin);
    response.once('close', () => backend.kill());
    let head: Buffer | undefined = Buffer.alloc(0);
    let sent = 0;
    const send = (bytes: Buffer) => {
      response.write(bytes.subarray(0, limit - sent));
      sent += bytes.byteLength;
      if (sent >= limit) request.socket.destroy();
    };
    backend.stdout.on('data', (chunk: Buffer) => {
      if (head === undefined) {
        send(chunk);
        return;
      }
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf('\r\n\r\n');
      if (end === -1) return;
      writeHead(response, head.toString('latin1', 0, end));
      const rest = head.subarray(end + 4);
      head = undefined;
      if (rest.byteLength > 0) send(rest);
    });
    backend.stdout.once('end', () => response.end());
  }
}

export function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

function writeHead(response: http.ServerResponse, text: string): void {
  for (const line of text.split('\r\n')) {
    const colon = line.indexOf(': ');
    const name = line.slice(0, colon);
    const value = line.slice(colon + 2);
    if (name.toLowerCase() === 'status') response.statusCode = Number(value.slice(0, 3));
    else response.setHeader(name, value);
  }
}
