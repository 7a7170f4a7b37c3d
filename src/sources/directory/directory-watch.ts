import { lstat } from 'node:fs/promises';
import type { FSWatcher } from 'chokidar';
import type { Log } from '../../platform/log.ts';
import { placeOf } from './volume.ts';

/** Watches a directory, and calls back when something in it may have changed. */
export class DirectoryWatch implements AsyncDisposable {
  readonly #path: string;
  readonly #onChange: () => void;
  readonly #log: Log;
  #watcher: FSWatcher | undefined;
  #watched: string | undefined;

  constructor(path: string, onChange: () => void, log: Log) {
    this.#path = path;
    this.#onChange = onChange;
    this.#log = log;
  }

  /** Begins, once there is a directory, and begins anew when another one took its place. */
  async ensure(): Promise<void> {
    const { isAtomic } = await placeOf(this.#path);
    const { ino, dev } = await lstat(this.#path);
    const identity = `${dev}:${ino}:${isAtomic}`;
    if (identity === this.#watched) return;
    await this[Symbol.asyncDispose]();
    const { watch } = await import('chokidar');
    const watcher = watch(this.#path, {
      ignoreInitial: true,
      atomic: false,
      followSymlinks: false,
      // Of a volume that is swapped only the swap matters.
      ...(isAtomic ? { depth: 0 } : {}),
    });
    watcher.on('all', this.#onChange);
    watcher.on('error', (error) => {
      this.#log.warn({ err: error }, 'the directory cannot be watched well; it is polled too');
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
