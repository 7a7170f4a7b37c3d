import type { Log } from '../platform/log.ts';
import { describe, HeldError, type Holder } from './holder.ts';

export interface WaitingOptions {
  readonly policy: 'wait' | 'exit' | 'off';
  readonly target: string;
  readonly log: Log;
}

/** Whose end is waited for, said once of each. */
export class Waiting {
  readonly #options: WaitingOptions;
  #refusal: HeldError | undefined;

  constructor(options: WaitingOptions) {
    this.#options = options;
  }

  /** Why this process does not work on the target now; undefined when it may. */
  get refusal(): HeldError | undefined {
    return this.#refusal;
  }

  /** Another is known to live. Throws when nobody is to wait. */
  forEndOf(holder: Holder | undefined): void {
    const { policy, target, log } = this.#options;
    const isNews = this.#refusal === undefined || this.#refusal.holder?.id !== holder?.id;
    if (isNews) this.#refusal = new HeldError(target, holder);
    if (policy === 'exit') throw this.#refusal;
    if (!isNews) return;
    log.warn(
      { holder, target },
      `the target is held by ${describe(holder)}; waiting for its end (WHERRY_LOCK)`,
    );
  }

  /** Another may live, or have been killed. */
  forSignOf(holder: Holder | undefined, seconds: number): void {
    const { target, log } = this.#options;
    const name = describe(holder);
    const message = `the target is held by ${name}, unless that gives no sign of life for ${seconds} s`;
    log.warn({ holder, target }, message);
    this.#refusal = new HeldError(target, holder);
  }

  /** The target is this process's. */
  isOver(): void {
    const { target, log } = this.#options;
    if (this.#refusal !== undefined) log.info({ target }, 'the target is free, and held by this one now');
    this.#refusal = undefined;
  }
}
