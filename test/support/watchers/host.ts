import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { temporaryDirectory } from '../temporary.ts';
import type { Answer, Command, Gathered } from './host-process.ts';
import type { NamedPlace } from './kinds.ts';

/** The process of the watchers. */
export class WatcherHost implements AsyncDisposable {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async start(): Promise<WatcherHost> {
    const script = join(import.meta.dirname, 'host-process.ts');
    const fence = join(await temporaryDirectory(), 'fence');
    const host = new WatcherHost(fork(script, [fence], { execArgv: [] }));
    await host.#answer();
    return host;
  }

  /** Begins with new watchers. Resolves when each would see what changes from now on. */
  async watch(places: readonly NamedPlace[]): Promise<void> {
    await this.#ask({ do: 'stop' });
    await this.#ask({ do: 'start', places });
  }

  /** What the watchers were told since the last call, when no more is to come. Those that could not start are absent. */
  async gather(): Promise<Gathered> {
    return (await this.#ask({ do: 'gather' })) ?? {};
  }

  async #ask(command: Command): Promise<Gathered | undefined> {
    this.#child.send(command);
    return this.#answer();
  }

  async #answer(): Promise<Gathered | undefined> {
    const over = new AbortController();
    const ended = () => over.abort(new Error('the process of the watchers has ended'));
    this.#child.once('exit', ended);
    try {
      const [{ answer, error }] = (await once(this.#child, 'message', { signal: over.signal })) as [Answer];
      if (error !== undefined) throw new Error(error);
      return answer;
    } finally {
      this.#child.off('exit', ended);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.disconnect();
    await ended;
  }
}
