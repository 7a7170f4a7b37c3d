import type { Limits } from '../platform/deadline.ts';
import type { Revision } from '../snapshot/entry.ts';
import type { Source } from '../sources/source.ts';
import { type Context, sourceOf, tell } from './context.ts';
import { follow } from './follow.ts';
import { isWhole, tellOfPoll } from './layers.ts';
import { isHeld } from './machine/machine.ts';
import { currentQuarantine } from './machine/quarantine.ts';
import { type WaitingChange, waitForQuiet } from './quiet.ts';

/** Looks at the source, and sees to it that what is new there is followed once it is quiet. */
export class Lookout {
  #lastContact: Date | undefined;
  #shown: Revision | undefined;
  #waiting: WaitingChange | undefined;

  /** When the source last answered. */
  get lastContact(): Date | undefined {
    return this.#lastContact;
  }

  /** The revision that the source showed last. */
  get shown(): Revision | undefined {
    return this.#shown;
  }

  /** The `performance.now()` at which a change has been quiet for long enough. */
  get quietAt(): number {
    return this.#waiting?.until ?? Number.POSITIVE_INFINITY;
  }

  /** What was waited for may be another source's. */
  forget(): void {
    this.#waiting = undefined;
  }

  /** One probe, and everything that follows from it. `handsOver` holds for a first set. */
  async look(context: Context, handsOver: boolean, limits: Limits): Promise<void> {
    const { memory, options, parts } = context;
    const { observer } = options;
    const seenAt = performance.now();
    const { published, seen } = memory.state;
    const isComparable = published !== undefined && seen?.key === parts.keys.setKey;
    const previous = isComparable ? seen.revision : undefined;
    const source = await sourceOf(context);
    const probe = await source.probe(previous, limits.signal);
    this.#lastContact = new Date();
    observer.phase('probe', (performance.now() - seenAt) / 1000);
    const revision = probe.kind === 'moved' ? probe.revision : previous;
    this.#shown = revision;
    if (revision === undefined || revision === previous) {
      this.#waiting = undefined;
      const isRefused = currentQuarantine(memory.state) !== undefined;
      if (!isRefused && isWhole(source)) observer.inStep();
      tellOfPoll(observer, source, isRefused ? 'quarantined' : 'unchanged');
    } else await this.#moved(context, { source, revision, seenAt, handsOver }, limits);
  }

  /** The source shows something new. */
  async #moved(
    context: Context,
    { source, revision, seenAt, handsOver }: Moved,
    limits: Limits,
  ): Promise<void> {
    const { observer } = context.options;
    const { state } = context.memory;
    const next = await tell(context, { type: 'probed', revision });
    if (next?.kind !== 'follow') {
      this.#waiting = undefined;
      if (next?.kind === 'roll-back') {
        const { rollBack } = await import('./roll-back.ts');
        return rollBack(context, next.to, limits);
      }
      return tellOfPoll(observer, source, isHeld(state) ? 'held' : 'quarantined');
    }
    tellOfPoll(observer, source, 'changed');
    const since = this.#waiting?.since ?? seenAt;
    // The first set is waited for by everything in the pod.
    if (state.published !== undefined && !this.#isQuiet(context, revision, seenAt)) return;
    this.#waiting = undefined;
    await follow(context, { probed: revision, seenAt: since, handsOver }, limits);
  }

  #isQuiet({ parts, options }: Context, revision: Revision, now: number): boolean {
    const { debounce, debounceMax: max } = parts;
    if (debounce === 0) return true;
    if (this.#waiting === undefined) {
      const limits = { quietForMs: debounce, atMostMs: max };
      options.log.info({ revision, ...limits }, 'a change waits until the source is quiet (WHERRY_DEBOUNCE)');
    }
    this.#waiting = waitForQuiet(this.#waiting, revision, now, { debounce, max });
    return this.#waiting.until <= now;
  }
}

interface Moved {
  readonly source: Source;
  readonly revision: Revision;
  readonly seenAt: number;
  readonly handsOver: boolean;
}
