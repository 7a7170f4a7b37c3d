import type { Failure } from '../failure/failure.ts';
import type { Log } from '../platform/log.ts';
import type { Engine } from './engine.ts';
import type { Parts } from './parts.ts';
import type { RequestBox } from './request-box.ts';
import { delayUntilNextPoll } from './schedule.ts';

export type Refusal = Failure & { readonly since: Date };

/** Lets one process at a time work on the target. */
export interface TargetGuard {
  /** Why this one does not now. */
  readonly refusal: Refusal | undefined;
  /** Waits until it may; `onLost` is called before that when it could until now. */
  ensure(signal: AbortSignal, onLost: () => Promise<void>): Promise<unknown>;
  /** Whether another works on it by now: `ensure` is due. */
  isTaken(): Promise<boolean>;
}

export interface LoopOptions {
  readonly engine: Engine;
  readonly guard?: TargetGuard;
  /** New parts when a setting's file changed; what is wrong with them is its own to report. */
  readonly refresh: () => Promise<Parts | undefined>;
  readonly requests: RequestBox;
  /** Called after each turn, when nothing waits for it any more. One that failed keeps its backoff: nothing wakes it then. */
  readonly afterTurn: (hasFailed: boolean) => Promise<void>;
  readonly log: Log;
}

/** More than a turn can take besides the sync and a reload call. */
const slack = 60_000;

/** The sidecar's one loop: look, follow, settle, wait. */
export class Loop {
  readonly #options: LoopOptions;
  #failures = 0;
  #nextPoll = 0;
  #workingSince: number | undefined;
  #waitsUntil = 0;
  #started = false;

  constructor(options: LoopOptions) {
    this.#options = options;
  }

  /** Makes the next look at the source happen now. */
  readonly wake = (): void => {
    this.#nextPoll = 0;
    this.#options.engine.alarm.ring();
  };

  /** Whether the loop itself turns; says nothing about the source. */
  isTurning(): boolean {
    // It waits for another process, for as long as that lives.
    if (this.refusal !== undefined) return true;
    const { syncTimeout, reloadTimeout, targets } = this.#options.engine.parts;
    if (this.#workingSince !== undefined) {
      // A turn may wait for a call to every target, when settings change, for a rollback and for a publish.
      const calls = 3 * reloadTimeout * Math.max(1, targets.length);
      return performance.now() - this.#workingSince < 2 * syncTimeout + calls + slack;
    }
    return performance.now() < this.#waitsUntil + slack;
  }

  /** Why another process works on the target, and not this one. */
  get refusal(): Refusal | undefined {
    return this.#options.guard?.refusal;
  }

  /** Milliseconds until the next look; undefined when only a wake-up brings one. */
  untilNextPoll(): number | undefined {
    const remaining = this.#nextPoll - performance.now();
    return Number.isFinite(remaining) ? Math.max(0, remaining) : undefined;
  }

  /** Ends when the signal is aborted, or with the failure that was one too many. */
  async run(signal: AbortSignal): Promise<Failure | undefined> {
    const { engine } = this.#options;
    while (!signal.aborted) {
      this.#workingSince = performance.now();
      const failure = await this.#turn(signal);
      await this.#options.afterTurn(failure !== undefined);
      if (failure !== undefined && this.#isLast(failure)) return failure;
      // What a failed turn left undone is not tried again before the next look.
      this.#waitsUntil = failure === undefined ? this.#wakesAt() : this.#nextPoll;
      this.#workingSince = undefined;
      await engine.alarm.wait(this.#waitsUntil - performance.now(), signal);
    }
    return undefined;
  }

  #isLast({ kind, next }: Failure): boolean {
    const { maxFailures } = this.#options.engine.parts;
    // The guard's: nobody is to wait for the target.
    if (kind === 'target' && next === 'stop') return true;
    return maxFailures > 0 && this.#failures >= maxFailures;
  }

  async #turn(signal: AbortSignal): Promise<Failure | undefined> {
    const { engine, refresh } = this.#options;
    const isDue = Math.min(this.#nextPoll, engine.quietAt) <= performance.now();
    // A wake-up that comes during the turn asks for another look.
    if (isDue) this.#nextPoll = Number.POSITIVE_INFINITY;
    const sequence = engine.state?.sequence;
    try {
      const parts = isDue ? await refresh() : undefined;
      if (parts !== undefined) await engine.replaceParts(parts);
      await this.#options.guard?.ensure(signal, () => this.#giveUp());
      await engine.open();
      if (!this.#started) await engine.start();
      this.#started = true;
      // The look of this turn is theirs too.
      if ((await this.#takeRequests()) && !isDue) this.wake();
      // What cannot be settled must not keep the next commit, which may be the cure, from being seen.
      const trouble = await engine.settle(signal).then(
        () => undefined,
        (error: unknown) => ({ error }),
      );
      if (!isDue && trouble === undefined) return undefined;
      if (!isDue) throw trouble?.error;
      await engine.look(signal);
      if (trouble !== undefined) throw trouble.error;
      await engine.noteRecovery(this.#failures);
      this.#failures = 0;
      this.#schedule();
      return undefined;
    } catch (error) {
      if (await this.#options.guard?.isTaken()) {
        // The state in the volume is the other's.
        this.#nextPoll = 0;
        return undefined;
      }
      const failure = await engine.noteFailure(error, signal);
      if (failure === undefined) return undefined;
      // What failed after a publish is no sign that the next try fails: the backoff starts anew.
      const hasPublished = engine.state?.sequence !== sequence;
      this.#failures = hasPublished ? 1 : this.#failures + 1;
      this.#schedule();
      this.#report(failure);
      return failure;
    }
  }

  /** What another process makes of the target is read as after a restart. */
  #giveUp(): Promise<void> {
    this.#started = false;
    this.#nextPoll = 0;
    return this.#options.engine.close();
  }

  /** A request is taken off only when its outcome is on disk. True when there was one. */
  async #takeRequests(): Promise<boolean> {
    const { engine, requests } = this.#options;
    const taken = await requests.take();
    for (const request of taken) {
      await engine.ask(request);
      await requests.done(request);
    }
    return taken.length > 0;
  }

  #schedule(): void {
    const { engine } = this.#options;
    const { pollInterval, pollJitter } = engine.parts;
    const isPublished = engine.state?.published !== undefined;
    const delay = delayUntilNextPoll(
      { pollInterval, pollJitter, failures: this.#failures, isPublished },
      Math.random(),
    );
    this.#nextPoll = Math.min(this.#nextPoll, performance.now() + delay);
  }

  #report(failure: Failure): void {
    const { log } = this.#options;
    const nextTry = this.#isLast(failure) ? undefined : this.untilNextPoll();
    const fields = {
      kind: failure.kind,
      failures: this.#failures,
      nextTryInMs: nextTry && Math.round(nextTry),
    };
    log.warn(fields, failure.message);
    log.debug({ err: failure }, 'the failure in full');
  }

  #wakesAt(): number {
    const { collectAt, quietAt, driftAt } = this.#options.engine;
    return Math.min(this.#nextPoll, collectAt, quietAt, driftAt);
  }
}
