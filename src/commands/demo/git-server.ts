import { spawn } from 'node:child_process';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Readable } from 'node:stream';

export interface GitServerOptions {
  /** The directory whose bare repositories are served: `<root>/config.git` is `<url>/config.git`. */
  readonly root: string;
  /** The environment of `git http-backend`. */
  readonly env: NodeJS.ProcessEnv;
  /** Called for each request when it arrives: `GET`, `/config.git/info/refs?service=git-upload-pack`. */
  readonly onRequest?: (method: string, url: string) => void;
  /** Called when a push has moved the repository's refs, before the pusher hears of it. */
  readonly onPush?: () => void;
}

export interface GitServer extends AsyncDisposable {
  /** `http://127.0.0.1:40001`, without a slash at the end. */
  readonly url: string;
}

/** Git's smart HTTP protocol on a free loopback port: `git http-backend`, the CGI program that comes with git. */
export async function startGitServer(options: GitServerOptions): Promise<GitServer> {
  const server = http.createServer((request, response) => answer(request, response, options));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

function answer(request: http.IncomingMessage, response: http.ServerResponse, options: GitServerOptions) {
  const { method = 'GET', url = '/' } = request;
  options.onRequest?.(method, url);
  const backend = spawn('git', ['http-backend'], {
    env: { ...options.env, ...cgiVariables(request, options.root) },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  // Whoever goes away first, client or backend, the other one is let go.
  backend.stdin.on('error', () => undefined);
  backend.once('error', () => response.destroy());
  response.once('close', () => backend.kill());
  request.pipe(backend.stdin);
  void passOn(backend.stdout, response).then(
    () => {
      if (method === 'POST' && url.endsWith('/git-receive-pack')) options.onPush?.();
      response.end();
    },
    () => response.destroy(),
  );
}

/** What CGI (RFC 3875) says of a request, and the protocol version that the client asks for. */
function cgiVariables({ method, url, headers }: http.IncomingMessage, root: string): NodeJS.ProcessEnv {
  const { pathname, search } = new URL(url ?? '/', 'http://localhost');
  return {
    GIT_PROJECT_ROOT: root,
    GIT_HTTP_EXPORT_ALL: '1',
    REQUEST_METHOD: method,
    PATH_INFO: decodeURIComponent(pathname),
    QUERY_STRING: search.slice(1),
    CONTENT_TYPE: headers['content-type'] ?? '',
    CONTENT_LENGTH: headers['content-length'] ?? '',
    HTTP_CONTENT_ENCODING: String(headers['content-encoding'] ?? ''),
    GIT_PROTOCOL: String(headers['git-protocol'] ?? ''),
    REMOTE_ADDR: '127.0.0.1',
  };
}

/** Turns a CGI answer, header lines, an empty line and a body, into an HTTP one. */
async function passOn(output: Readable, response: http.ServerResponse): Promise<void> {
  let head: Buffer | undefined = Buffer.alloc(0);
  for await (const chunk of output as AsyncIterable<Buffer>) {
    if (head === undefined) {
      await send(chunk, response);
      continue;
    }
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf('\r\n\r\n');
    if (end === -1) continue;
    setHeaders(head.subarray(0, end).toString('latin1'), response);
    await send(head.subarray(end + 4), response);
    head = undefined;
  }
  if (head !== undefined) throw new Error('git http-backend ended without an answer');
}

function setHeaders(lines: string, response: http.ServerResponse): void {
  for (const line of lines.split('\r\n')) {
    const at = line.indexOf(': ');
    const [name, value] = [line.slice(0, at), line.slice(at + 2)];
    if (name.toLowerCase() === 'status') response.statusCode = Number.parseInt(value, 10);
    else response.setHeader(name, value);
  }
}

/** Waits for a slow client, so that a large pack is not held in memory. */
async function send(chunk: Buffer, response: http.ServerResponse): Promise<void> {
  if (chunk.length === 0 || response.write(chunk)) return;
  await new Promise<void>((resolve) => {
    const goOn = () => {
      response.off('drain', goOn).off('close', goOn);
      resolve();
    };
    response.once('drain', goOn).once('close', goOn);
  });
}
