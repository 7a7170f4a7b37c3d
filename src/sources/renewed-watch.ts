import type { ChokidarOptions, FSWatcher } from 'chokidar';
import type { Log } from '../platform/log.ts';

export interface WatchPlan {
  /** Another one means that something else is to be watched now: a directory that took the place of another. */
  readonly identity: string;
  readonly paths: readonly string[];
  readonly options: ChokidarOptions;
}

/** Watches files by their events, and begins anew whenever what is to be watched became another. */
export class RenewedWatch implements AsyncDisposable {
  readonly #name: string;
  readonly #onChange: () => void;
  readonly #log: Log;
  #watcher: FSWatcher | undefined;
  #watched: string | undefined;

  /** `name` is what is watched, for the log: `the repository`. */
  constructor(name: string, onChange: () => void, log: Log) {
    this.#name = name;
    this.#onChange = onChange;
    this.#log = log;
  }

  async ensure({ identity, paths, options }: WatchPlan): Promise<void> {
    if (identity === this.#watched) return;
    await this[Symbol.asyncDispose]();
    const { watch } = await import('chokidar');
    const watcher = watch([...paths], { ignoreInitial: true, atomic: false, ...options });
    watcher.on('all', this.#onChange);
    // Where the node has no more watches to give, each directory is an error of its own.
    watcher.once('error', (error) => {
      this.#log.warn({ err: error }, `${this.#name} cannot be watched well; it is polled too`);
      watcher.on('error', () => undefined);
    });
    this.#watcher = watcher;
    this.#watched = identity;
    await new Promise<void>((resolve) => watcher.once('ready', () => resolve()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const watcher = this.#watcher;
    this.#watcher = undefined;
    this.#watched = undefined;
    await watcher?.close();
  }
}
