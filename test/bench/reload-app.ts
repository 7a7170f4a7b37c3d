import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds that a change may take before it counts as lost. */
const patience = 60_000;

/** The application that is told of changes: whoever calls it has got through. */
export class ReloadApp implements AsyncDisposable {
  readonly url: string;
  readonly #server: http.Server;
  #onCall: (at: number) => void = () => undefined;

  private constructor(server: http.Server) {
    const { port } = server.address() as AddressInfo;
    this.url = `http://127.0.0.1:${port}/-/reload`;
    this.#server = server;
    server.on('request', (request: http.IncomingMessage, response: http.ServerResponse) => {
      this.#onCall(performance.now());
      request.resume();
      response.end();
    });
  }

  static async start(): Promise<ReloadApp> {
    const server = http.createServer();
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return new ReloadApp(server);
  }

  /** Milliseconds from the start of an act to the call that follows it. */
  async timeFrom(act: () => Promise<void>): Promise<number> {
    const called = new Promise<number>((resolve) => {
      this.#onCall = resolve;
    });
    const started = performance.now();
    await act();
    const at = await Promise.race([called, sleep(patience, undefined, { ref: false })]);
    if (at === undefined) throw new Error(`no reload within ${patience / 1000} s of a change`);
    return at - started;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
