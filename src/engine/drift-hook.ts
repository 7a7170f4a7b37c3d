import type { Limits } from '../platform/deadline.ts';
import { type Context, tell } from './context.ts';
import type { DriftKeeper } from './drift/drift-keeper.ts';
import type { DriftStatus } from './drift/tally.ts';
import type { State } from './machine/state.ts';
import type { EngineOptions } from './options.ts';

/** After the first look everything else in the pod starts; the check of what is published can wait that long. */
const firstCheckDelay = 200;

/** Where the engine meets the repair of what something else changed: nothing of it is loaded before the first look is over. */
export class DriftHook {
  readonly #options: EngineOptions;
  readonly #wake: () => void;
  #keeper: DriftKeeper | undefined;
  #startsAt = Number.POSITIVE_INFINITY;
  #looksAt = Number.POSITIVE_INFINITY;

  /** `wake`: something happened that `settle` is to be called for. */
  constructor(options: EngineOptions, wake: () => void) {
    this.#options = options;
    this.#wake = wake;
  }

  get #isOn(): boolean {
    return this.#options.drift === 'repair';
  }

  get status(): DriftStatus | undefined {
    return this.#keeper?.status;
  }

  /** The `performance.now()` at which there is something to check. */
  dueAt(state: State | undefined): number {
    if (state?.published === undefined) return Number.POSITIVE_INFINITY;
    return this.#keeper?.dueAt(state) ?? this.#startsAt;
  }

  /** The `performance.now()` at which the source is to be looked at: what was published is gone. */
  get looksAt(): number {
    return this.#looksAt;
  }

  /** The source was looked at, with whatever result. */
  looked(): void {
    this.#looksAt = Number.POSITIVE_INFINITY;
    if (this.#isOn && this.#startsAt === Number.POSITIVE_INFINITY)
      this.#startsAt = performance.now() + firstCheckDelay;
  }

  /** Puts the names that lead to the set right. Where something else keeps turning them, not each time. */
  async keepNames(context: Context, limits: Limits): Promise<void> {
    const { keeper, memory } = context;
    if (this.#keeper?.mayPutNames(performance.now()) === false) return;
    const { isLost, putBack } = await keeper.repair(memory.state);
    if (isLost) await tell(context, { type: 'lost' });
    else if (this.#isOn && putBack.length > 0)
      await (await this.#load()).namesPutRight(context, putBack, limits);
  }

  /** Checks what is due, and puts it back. */
  async check(context: Context, limits: Limits): Promise<void> {
    const { keeper, memory } = context;
    const drift = await this.#load();
    if (drift.takeNames(performance.now())) {
      keeper.doubt();
      await this.keepNames(context, limits);
    }
    const { published } = memory.state;
    if (published !== undefined && (await drift.settle(context, limits)) === 'lost') {
      keeper.doubt();
      const { isLost } = await keeper.repair(memory.state);
      if (!isLost) await keeper.lose(published.generation);
      await tell(context, { type: 'lost' });
    }
    if (memory.state.published === undefined) this.#looksAt = performance.now();
  }

  /** Checks of everything until all is well, for a command that does not stay. Throws when it cannot be. */
  async checkOnce(context: Context, limits: Limits): Promise<void> {
    if (!this.#isOn || context.memory.state.published === undefined) return;
    const drift = await this.#load();
    try {
      await this.keepNames(context, limits);
      for (let repairs = -1; repairs !== (drift.status?.repairs ?? 0); ) {
        repairs = drift.status?.repairs ?? 0;
        drift.forget();
        await this.check(context, limits);
        if (drift.failure !== undefined) throw drift.failure;
      }
    } finally {
      this.close();
    }
  }

  /** The same before the source is looked at: what it shows now may be the cure, where it has not what it showed before. */
  async isWell(context: Context, limits: Limits): Promise<boolean> {
    try {
      await this.checkOnce(context, limits);
      return true;
    } catch {
      limits.signal.throwIfAborted();
      return false;
    }
  }

  /** Watches nothing any more. */
  close(): void {
    this.#keeper?.close();
    this.#keeper = undefined;
    this.#startsAt = Number.POSITIVE_INFINITY;
  }

  async #load(): Promise<DriftKeeper> {
    if (this.#keeper === undefined) {
      const { DriftKeeper } = await import('./drift/drift-keeper.ts');
      this.#keeper = new DriftKeeper(this.#options, this.#wake);
    }
    return this.#keeper;
  }
}
