import type { Action, Event, Rules } from './machine/events.ts';
import { step } from './machine/machine.ts';
import type { State } from './machine/state.ts';
import type { StateStore } from './state-store.ts';

/** The state in memory and on disk: what `tell` resolves for is durable. Writes never overlap. */
export class Memory {
  readonly #store: StateStore;
  #state: State;
  #written: State | undefined;
  #writing: Promise<void> = Promise.resolve();

  /** `onDisk` is what was read. */
  constructor(store: StateStore, onDisk: State) {
    this.#store = store;
    this.#state = onDisk;
    this.#written = onDisk;
  }

  get state(): State {
    return this.#state;
  }

  /** Takes an event in, waits until the state that it makes, or a later one, is on disk, and says what to do next. */
  async tell(event: Event, rules: Rules): Promise<Action | undefined> {
    const { state, next } = step(this.#state, event, rules, new Date().toISOString());
    if (JSON.stringify(state) !== JSON.stringify(this.#state)) this.#state = state;
    await this.flush();
    return next;
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
