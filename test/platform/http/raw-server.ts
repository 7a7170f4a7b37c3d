import type { AddressInfo } from 'node:net';
import { createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** What a server does with the request of that number on a connection of that number, both from 0. */
export type Script = (socket: Socket, request: number, connection: number) => void | Promise<void>;

/** A server that answers byte by byte as the test says. Gives its port; it ends with the test. */
export async function rawServer(script: Script): Promise<number> {
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((socket) => {
    const connection = connections++;
    let requests = 0;
    let heard = '';
    sockets.add(socket.setNoDelay(true));
    socket.on('error', () => undefined).once('close', () => sockets.delete(socket));
    socket.on('data', (bytes) => {
      heard += bytes.toString('latin1');
      for (let end = heard.indexOf('\r\n\r\n'); end !== -1; end = heard.indexOf('\r\n\r\n')) {
        heard = heard.slice(end + 4);
        void script(socket, requests++, connection);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}
