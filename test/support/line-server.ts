import { once } from 'node:events';
import net from 'node:net';
import { join } from 'node:path';
import { temporaryDirectory } from './temporary.ts';

/** What is done with one command: a text is sent, and the connection closed. */
export type LineScript = string | ((socket: net.Socket) => void);

/** A socket server that is told in advance what it answers to each command; the last answer of a command stays. */
export class LineServer implements AsyncDisposable {
  readonly commands: string[] = [];
  readonly url: URL;
  readonly #server: net.Server;
  readonly #sockets = new Set<net.Socket>();

  private constructor(server: net.Server, url: URL) {
    this.#server = server;
    this.url = url;
  }

  static async start(
    scripts: Readonly<Record<string, readonly LineScript[]>>,
    over: 'unix' | 'tcp' = 'unix',
  ): Promise<LineServer> {
    const server = net.createServer({ allowHalfOpen: true });
    const path = join(await temporaryDirectory(), 'cli.sock');
    if (over === 'unix') server.listen(path);
    else server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const started = new LineServer(
      server,
      new URL(over === 'unix' ? `unix://${path}` : `tcp://localhost:${port}`),
    );
    const left = new Map(Object.entries(scripts).map(([command, answers]) => [command, [...answers]]));
    server.on('connection', (socket) => started.#serve(socket, left));
    return started;
  }

  #serve(socket: net.Socket, left: Map<string, LineScript[]>): void {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket)).on('error', () => undefined);
    socket.setEncoding('utf8').once('data', (line: string) => {
      const command = line.trim();
      this.commands.push(command);
      const answers = left.get(command) ?? [];
      const script = answers.length > 1 ? answers.shift() : answers[0];
      if (typeof script === 'function') script(socket);
      else socket.end(script ?? `Unknown command: '${command}'\n`);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}
