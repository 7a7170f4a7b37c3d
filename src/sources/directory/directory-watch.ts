import { lstat } from 'node:fs/promises';
import type { Log } from '../../platform/log.ts';
import { RenewedWatch } from '../renewed-watch.ts';
import { placeOf } from './volume.ts';

/** Watches a directory, and calls back when something in it may have changed. */
export class DirectoryWatch implements AsyncDisposable {
  readonly #path: string;
  readonly #watch: RenewedWatch;

  constructor(path: string, onChange: () => void, log: Log) {
    this.#path = path;
    this.#watch = new RenewedWatch('the directory', onChange, log);
  }

  /** Begins, once there is a directory, and begins anew when another one took its place. */
  async ensure(): Promise<void> {
    const { isAtomic } = await placeOf(this.#path);
    const { ino, dev } = await lstat(this.#path);
    await this.#watch.ensure({
      identity: `${dev}:${ino}:${isAtomic}`,
      paths: [this.#path],
      // Of a volume that is swapped only the swap matters.
      options: { followSymlinks: false, ...(isAtomic ? { depth: 0 } : {}) },
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#watch[Symbol.asyncDispose]();
  }
}
