import { type Failure, RefusedError } from '../../failure/failure.ts';
import type { Log } from '../../platform/log.ts';
import type { Revision } from '../../snapshot/entry.ts';
import type { LayerStatus } from '../source.ts';
import { delayAfter } from './retry.ts';

export interface FitnessOptions {
  /** Of the layer. */
  readonly name: string;
  /** Whether its failures are told of here; where nothing stands in for it, they fail the whole sync, which tells. */
  readonly tells: boolean;
  readonly log: Log;
}

/** Why its content cannot be had at a revision. */
interface Trouble {
  readonly failure: Failure;
  /** Undefined when nobody asked before it was read. */
  readonly revision: Revision | undefined;
}

/** How a layer does: why it fails, whether it answers, and when it is tried again. */
export class Fitness {
  readonly #options: FitnessOptions;
  #trouble: Trouble | undefined;
  #unanswered: { readonly failure: Failure; readonly isSlow: boolean } | undefined;
  #failing: { readonly failure: Failure; readonly at: string } | undefined;
  #failures = 0;
  #retryAt = Number.NEGATIVE_INFINITY;

  constructor(options: FitnessOptions) {
    this.#options = options;
  }

  get status(): LayerStatus['failure'] {
    if (this.#failing === undefined) return undefined;
    const { failure, at } = this.#failing;
    return { kind: failure.kind, message: failure.message, at };
  }

  /** The `performance.now()` at which it is tried again; undefined while it does well, or until it moves. */
  get retryAt(): number | undefined {
    return this.#failing === undefined || this.#trouble?.failure instanceof RefusedError
      ? undefined
      : this.#retryAt;
  }

  /** Whatever failed may be tried at once. */
  lookAnew(): void {
    this.#trouble = undefined;
    this.#unanswered = undefined;
    this.#retryAt = Number.NEGATIVE_INFINITY;
  }

  /** Why it is not to be asked what it shows: the last time it took long to fail, and not long ago. */
  get silence(): Failure | undefined {
    return this.#waits && this.#unanswered?.isSlow === true ? this.#unanswered.failure : undefined;
  }

  /** Why its content is not to be asked for now. */
  get standing(): Failure | undefined {
    return this.#unanswered?.failure ?? this.#standingTrouble;
  }

  unanswered(failure: Failure, isSlow: boolean): void {
    this.#unanswered = { failure, isSlow };
    this.#fail(failure);
  }

  /** It showed a revision. Says why the content of that is not to be asked for now. */
  answered(revision: Revision): Failure | undefined {
    this.#unanswered = undefined;
    const standing = this.#standingTrouble;
    if (this.#trouble?.revision === revision) return standing;
    this.#trouble = undefined;
    return undefined;
  }

  /** Its content could not be had at the revision that it showed. */
  stumbled(failure: Failure, revision: Revision | undefined): void {
    this.#trouble = { failure, revision };
    this.#fail(failure);
  }

  /** Its content could not be had, and was not listed since. */
  get hasTrouble(): boolean {
    return this.#trouble !== undefined;
  }

  /** Its content was listed. */
  listed(): void {
    this.#trouble = undefined;
  }

  /** What it shows is what is published, or staged. */
  recovered(): void {
    this.#trouble = undefined;
    if (this.#failing === undefined) return;
    const { name: layer, log } = this.#options;
    log.info({ layer, failures: this.#failures }, 'the layer works again');
    this.#failing = undefined;
    this.#failures = 0;
  }

  get #waits(): boolean {
    return performance.now() < this.#retryAt;
  }

  /** Content that was refused is so until the layer moves. */
  get #standingTrouble(): Failure | undefined {
    const failure = this.#trouble?.failure;
    return this.#waits || failure instanceof RefusedError ? failure : undefined;
  }

  /** Each failure is told of once. */
  #fail(failure: Failure): void {
    this.#failures += 1;
    this.#retryAt = performance.now() + delayAfter(this.#failures);
    if (this.#failing?.failure.message === failure.message) return;
    this.#failing = { failure, at: new Date().toISOString() };
    const { name: layer, tells, log } = this.#options;
    if (tells) log.warn({ layer, kind: failure.kind }, `a layer fails: ${failure.message}`);
  }
}
