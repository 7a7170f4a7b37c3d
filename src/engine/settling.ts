import { type Context, deliver } from './context.ts';
import type { DriftHook } from './drift-hook.ts';
import type { State } from './machine/state.ts';
import { isMoveDue, moveIfDue } from './move-if-due.ts';
import type { Parts } from './parts.ts';
import { isRollBackDue, rollBackIfDue } from './roll-back-if-due.ts';
import { withinSyncTimeout } from './sync-timeout.ts';

/** Brings target, targets and what is published to where the state says that they are, which needs no look at the source. */
export class Settling {
  readonly #drift: DriftHook;
  readonly #again: () => void;
  /** With these there was nothing to do. */
  #settled: { readonly state: State; readonly parts: Parts } | undefined;

  /** `again`: it is to be called for another time. */
  constructor(drift: DriftHook, again: () => void) {
    this.#drift = drift;
    this.#again = again;
  }

  /** What was settled was another's. */
  forget(): void {
    this.#settled = undefined;
  }

  /**
   * Rolls back if what is published was refused, publishes anew what readers do not find any more, finishes a publish
   * that was interrupted, puts back what something else changed, tells targets what is owed, removes what is over.
   */
  async settle(context: Context, handsOver: boolean, signal: AbortSignal): Promise<void> {
    if (this.#isSettled(context)) return;
    const { memory, keeper, parts } = context;
    this.#settled = undefined;
    if (isRollBackDue(context) || isMoveDue(context))
      await withinSyncTimeout(parts, signal, async (limits) => {
        await rollBackIfDue(context, limits);
        await moveIfDue(context, handsOver, limits);
      });
    await keeper.finish();
    if (this.#drift.dueAt(memory.state) <= performance.now())
      await withinSyncTimeout(parts, signal, (limits) => this.#drift.check(context, limits));
    await keeper.collect(memory.state);
    if (deliver(context)) return;
    // A courier that ended meanwhile may have left what is not its own to do.
    if (isRollBackDue(context) || isMoveDue(context)) this.#again();
    else this.#settled = { state: memory.state, parts };
  }

  /** Nearly always. */
  #isSettled({ memory, keeper, parts }: Context): boolean {
    const now = performance.now();
    const isSame = this.#settled?.state === memory.state && this.#settled.parts === parts;
    return isSame && keeper.dueAt > now && this.#drift.dueAt(memory.state) > now;
  }
}
