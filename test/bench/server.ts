import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

export interface ServerOptions {
  /**
   * Counts requests, says its URL when it listens, answers each message with the count, ends with the channel. A number
   * is the change that it shall make first.
   */
  readonly script: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
}

/** A server in a process of its own, so that its CPU and memory are nobody's figures. */
export class Server implements AsyncDisposable {
  readonly url: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, url: string) {
    this.#child = child;
    this.url = url;
  }

  static async start({ script, args, env, signal }: ServerOptions): Promise<Server> {
    const child = fork(script, args, { env });
    const [url] = await once(child, 'message', { signal });
    return new Server(child, url);
  }

  /** How many requests have arrived so far. */
  requests(): Promise<number> {
    return this.#ask('how many?');
  }

  /** Makes the n-th change of what is served, from 1 on. */
  async change(n: number): Promise<void> {
    await this.#ask(n);
  }

  async #ask(message: string | number): Promise<number> {
    const answer = once(this.#child, 'message');
    this.#child.send(message);
    return Number((await answer)[0]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.disconnect();
    await ended;
  }
}
