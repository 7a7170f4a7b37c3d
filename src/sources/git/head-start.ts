import type { Reading } from './read-commit.ts';

/** What was brought so long before it is asked for may be overtaken. Milliseconds. */
const fresh = 5000;

/** Takes the first snapshot into a clone beside the place of the clone, and puts it there once `mayPlace` resolves. */
type Take = (options: {
  readonly signal: AbortSignal;
  readonly mayPlace: Promise<void>;
  readonly onStarted: () => void;
}) => Promise<Reading>;

/**
 * A first snapshot that is fetched while the rest of the program is loaded: before the target is locked, so nothing is
 * touched but a clone with a name of its own.
 */
export class HeadStart implements AsyncDisposable {
  readonly #stop = new AbortController();
  readonly #place = Promise.withResolvers<void>();
  readonly #startedAt = performance.now();
  readonly #work: Promise<Reading>;
  /** Resolves when git runs, or never will. */
  readonly underWay: Promise<void>;

  constructor(take: Take) {
    const started = Promise.withResolvers<void>();
    const { signal } = this.#stop;
    this.#place.promise.catch(() => undefined);
    this.#work = take({ signal, mayPlace: this.#place.promise, onStarted: started.resolve });
    this.#work.catch(() => undefined).finally(started.resolve);
    this.underWay = started.promise;
  }

  /** Goes on with it, as if it had begun now. Undefined when it is too old for that. */
  async join(signal: AbortSignal): Promise<Reading | undefined> {
    if (signal.aborted || performance.now() - this.#startedAt > fresh) {
      await this[Symbol.asyncDispose]();
      signal.throwIfAborted();
      return undefined;
    }
    signal.addEventListener('abort', () => this.#stop.abort(signal.reason), { once: true });
    this.#place.resolve();
    return await this.#work;
  }

  /** Nobody needs it: what there is of it is gone when this resolves. */
  async [Symbol.asyncDispose](): Promise<void> {
    const reason = new Error('the head start was given up');
    this.#place.reject(reason);
    this.#stop.abort(reason);
    await this.#work.catch(() => undefined);
  }
}
