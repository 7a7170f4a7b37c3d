import type { Log } from '../platform/log.ts';
import type { Answer, Target } from '../reload/target.ts';
import type { Memory } from './memory.ts';
import type { Observer } from './observer.ts';
import type { Parts } from './parts.ts';
import { type Keys, type PublishedSet, pendingTargets } from './state.ts';
import * as transitions from './transitions.ts';

/** A target refused the set of this sequence. */
export interface Verdict {
  readonly sequence: number;
  readonly target: string;
  readonly detail: string;
  /** Of the settings under which it was told. */
  readonly reloadKey: string;
}

export interface CourierOptions {
  readonly observer: Observer;
  readonly log: Log;
  /** Called when every target took the set, or one rejected it, so that the loop does what follows from it. */
  readonly onEnd: () => void;
  /** Called when telling was interrupted by something unforeseen: it must begin again. */
  readonly onFailure: () => void;
}

/** Tells the targets what is owed to them, in the background, one set at a time. */
export class Courier {
  readonly #options: CourierOptions;
  #running: { readonly stop: AbortController; readonly end: Promise<void> } | undefined;
  #verdict: Verdict | undefined;
  #changeSeenAt: number | undefined;

  constructor(options: CourierOptions) {
    this.#options = options;
  }

  /** The `performance.now()` at which the change that is being delivered was seen. */
  changeSeenAt(time: number): void {
    this.#changeSeenAt = time;
  }

  /** Gives the last verdict away, once. */
  takeVerdict(): Verdict | undefined {
    const verdict = this.#verdict;
    this.#verdict = undefined;
    return verdict;
  }

  /** Starts to tell every target that has not taken the published set. Does nothing while it is at it. */
  deliver(memory: Memory, { targets, keys }: Pick<Parts, 'targets' | 'keys'>, hardSignal: AbortSignal): void {
    const { published, rejected } = memory.state;
    if (this.#running !== undefined || published === undefined || rejected?.sequence === published.sequence)
      return;
    const pending = pendingTargets(memory.state, targets);
    if (pending.length === 0) return;
    const stop = new AbortController();
    const told = this.#tell(memory, { set: published, pending, targets, keys }, stop.signal, hardSignal);
    const end = told.then(
      (isOver) => {
        this.#running = undefined;
        if (isOver) this.#options.onEnd();
      },
      (error: unknown) => {
        this.#running = undefined;
        if (hardSignal.aborted) return;
        this.#options.log.error({ err: error }, 'telling the targets was interrupted; it begins again soon');
        this.#options.onFailure();
      },
    );
    this.#running = { stop, end };
  }

  /** Gives up waiting for the next try; a call that is under way ends first. */
  async stop(): Promise<void> {
    this.#running?.stop.abort();
    await this.#running?.end;
  }

  /** True when it came to an end: taken by all, or rejected by one. */
  async #tell(
    memory: Memory,
    { set, pending, targets, keys }: Owed,
    signal: AbortSignal,
    hardSignal: AbortSignal,
  ): Promise<boolean> {
    const { observer, log } = this.#options;
    const { deliver } = await import('../reload/delivery.ts');
    const started = performance.now();
    const { revision, sequence, publishedAt } = set;
    const { previous } = memory.state;
    const outcome = await deliver({
      targets: pending,
      context: { revision, sequence, publishedAt, previous },
      signal,
      hardSignal,
      onAnswer: (target, answer, attempt) =>
        this.#note(memory, { set, target, targets, answer, attempt, started }),
    });
    if (outcome.kind === 'rejected')
      this.#verdict = {
        sequence,
        target: outcome.target.name,
        detail: outcome.detail,
        reloadKey: keys.reloadKey ?? '',
      };
    if (outcome.kind !== 'accepted') return outcome.kind === 'rejected';
    observer.phase('reload', (performance.now() - started) / 1000);
    if (this.#changeSeenAt !== undefined) observer.delivered((performance.now() - this.#changeSeenAt) / 1000);
    this.#changeSeenAt = undefined;
    log.debug({ sequence }, 'every target took the set');
    return true;
  }

  /** The answer is on disk before anything follows from it; of a row of equal ones only the first is written. */
  async #note(memory: Memory, told: Told): Promise<void> {
    const { set, target, targets, answer } = told;
    this.#options.observer.reloaded(target.name, answer.class);
    const last = memory.state.targets[target.name]?.lastAnswer;
    const repeated =
      last?.class === answer.class && answer.class !== 'accepted' && last.detail === answer.detail;
    if (!repeated) {
      const at = new Date().toISOString();
      await memory.update((state) =>
        transitions.commitIfTaken(transitions.answered(state, target, answer, set.sequence, at), targets),
      );
    }
    this.#tellLog(told, repeated);
  }

  #tellLog({ set, target, answer, attempt, started }: Told, repeated: boolean): void {
    const { log } = this.#options;
    const fields = { target: target.name, sequence: set.sequence, attempt };
    switch (answer.class) {
      case 'accepted':
        log.info({ ...fields, milliseconds: Math.round(performance.now() - started) }, 'reload accepted');
        break;
      case 'misconfigured':
        log.error(
          { ...fields, detail: answer.detail },
          'the reload call itself is wrong; it is tried again slowly',
        );
        break;
      case 'not-up':
      case 'busy':
        if (repeated) log.debug({ ...fields, detail: answer.detail }, `not delivered yet: ${answer.class}`);
        else
          log.warn(
            { ...fields, detail: answer.detail },
            `not delivered yet: ${answer.class}; it is tried again`,
          );
        break;
      case 'rejected':
        break; // the engine says it, with what it does about it
    }
  }
}

interface Owed {
  readonly set: PublishedSet;
  readonly pending: readonly Target[];
  readonly targets: readonly Target[];
  readonly keys: Keys;
}

interface Told {
  readonly set: PublishedSet;
  readonly target: Target;
  readonly targets: readonly Target[];
  readonly answer: Answer;
  readonly attempt: number;
  readonly started: number;
}
