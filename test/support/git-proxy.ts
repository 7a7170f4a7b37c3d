import http from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { onTestFinished } from 'vitest';

const refusal = ['Proxy-Authenticate: Basic realm="proxy"', 'Connection: close', 'Content-Length: 0'];

/** A real forward proxy: CONNECT for HTTPS, absolute requests for HTTP. */
export class ForwardProxy {
  readonly url: string;
  /** What was asked for: `CONNECT host:port`, or `GET http://…`. */
  readonly seen: string[] = [];

  private constructor(port: number) {
    this.url = `http://127.0.0.1:${port}`;
  }

  /** `credentials` are `user:password` that it insists on. */
  static async start(credentials?: string): Promise<ForwardProxy> {
    const server = http.createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const proxy = new ForwardProxy((server.address() as AddressInfo).port);
    const wanted = credentials && `Basic ${Buffer.from(credentials).toString('base64')}`;
    const isRefused = (request: http.IncomingMessage) =>
      wanted !== undefined && request.headers['proxy-authorization'] !== wanted;
    server.on('connect', (request: http.IncomingMessage, client: import('node:net').Socket) => {
      proxy.seen.push(`CONNECT ${request.url}`);
      client.on('error', () => undefined);
      if (isRefused(request)) {
        client.end(`HTTP/1.1 407 Proxy Authentication Required\r\n${refusal.join('\r\n')}\r\n\r\n`);
        return;
      }
      const [host = '', port = ''] = (request.url ?? '').split(':');
      const target = connect(Number(port), host, () => {
        client.write('HTTP/1.1 200 Connection established\r\n\r\n');
        target.pipe(client).pipe(target);
      });
      target.on('error', () => client.destroy());
      client.on('close', () => target.destroy());
    });
    server.on('request', (request, response) => {
      proxy.seen.push(`${request.method} ${request.url}`);
      if (isRefused(request)) {
        response.writeHead(407, { 'Proxy-Authenticate': 'Basic realm="p"' }).end();
        return;
      }
      const { 'proxy-authorization': _, 'proxy-connection': __, ...headers } = request.headers;
      const forward = http.request(request.url ?? '', { method: request.method, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      });
      forward.on('error', () => response.destroy());
      request.pipe(forward);
    });
    onTestFinished(async () => {
      server.closeAllConnections();
      server.close();
    });
    return proxy;
  }
}
