import type { State } from './state.ts';
import type { StateStore } from './state-store.ts';

/** The state in memory and on disk: what `update` resolves for is durable. Writes never overlap. */
export class Memory {
  readonly #store: StateStore;
  #state: State;
  #written: State | undefined;
  #writing: Promise<void> = Promise.resolve();

  /** `onDisk` is what was read; a state that says the same need not be written. */
  constructor(store: StateStore, state: State, onDisk: State) {
    this.#store = store;
    this.#state = state;
    if (JSON.stringify(state) === JSON.stringify(onDisk)) this.#written = state;
  }

  get state(): State {
    return this.#state;
  }

  /** Changes the state and waits until it, or a later one, is on disk. */
  async update(change: (state: State) => State): Promise<void> {
    const next = change(this.#state);
    if (JSON.stringify(next) !== JSON.stringify(this.#state)) this.#state = next;
    await this.flush();
  }

  /** Writes what an earlier attempt could not. */
  async flush(): Promise<void> {
    const write = this.#writing.then(async () => {
      const state = this.#state;
      if (state === this.#written) return;
      await this.#store.save(state);
      this.#written = state;
    });
    this.#writing = write.catch(() => undefined);
    await write;
  }
}
