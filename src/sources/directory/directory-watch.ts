import type { Log } from '../../platform/log.ts';
import { RenewedWatch } from '../renewed-watch.ts';
import type { Place } from './volume.ts';

/** Watches a directory, and calls back when something in it may have changed. */
export class DirectoryWatch implements AsyncDisposable {
  readonly #path: string;
  readonly #watch: RenewedWatch;

  constructor(path: string, onChange: () => void, log: Log) {
    this.#path = path;
    this.#watch = new RenewedWatch('the directory', onChange, log);
  }

  /** Begins with the directory that is there, and begins anew when another one took its place. */
  async ensure({ identity, isAtomic }: Place): Promise<void> {
    await this.#watch.ensure({
      identity,
      paths: [this.#path],
      // Of a volume that is swapped only the swap matters.
      options: { followSymlinks: false, ...(isAtomic ? { depth: 0 } : {}) },
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#watch[Symbol.asyncDispose]();
  }
}
