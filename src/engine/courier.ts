import type { Answer, Target } from '../reload/target.ts';
import { describeAnswer } from './answer-log.ts';
import { lookBefore } from './look-before.ts';
import type { Action } from './machine/events.ts';
import { due } from './machine/machine.ts';
import type { PublishedSet, State } from './machine/state.ts';
import type { Memory } from './memory.ts';
import type { EngineOptions } from './options.ts';
import { OwedChanges } from './owed-changes.ts';
import { type Parts, rulesOf } from './parts.ts';
import type { Round } from './round.ts';

export interface CourierOptions extends Pick<EngineOptions, 'observer' | 'log' | 'backoffs'> {
  /** Called when there is nothing more to tell, so that the loop does what follows from it. */
  readonly onEnd: () => void;
  /** Called when telling was interrupted by something unforeseen: it must begin again. */
  readonly onFailure: () => void;
}

/** Tells the targets what is owed to them and verifies what they took, in the background, one set at a time. */
export class Courier {
  readonly #options: CourierOptions;
  readonly #owed = new OwedChanges();
  #running: { readonly stop: AbortController; readonly end: Promise<void> } | undefined;
  #changeSeenAt: number | undefined;

  constructor(options: CourierOptions) {
    this.#options = options;
  }

  /** The `performance.now()` at which the change that is being delivered was seen. */
  changeSeenAt(time: number): void {
    this.#changeSeenAt = time;
  }

  /** Remembers for each target what changed; undefined = nobody knows. `state` is the one before the publish. */
  noteChange(state: State, targets: readonly Target[], changed: readonly string[] | undefined): void {
    this.#owed.note(state, targets, changed);
  }

  /** Starts with what is due, if that is a courier's: false when it is not. Does nothing while it is at it. */
  start(memory: Memory, parts: Parts, ending: AbortSignal): boolean {
    if (this.#running !== undefined) return true;
    if (!isCouriers(due(memory.state, rulesOf(parts)))) return false;
    const stop = new AbortController();
    const end = this.#run({ memory, parts, overtaken: stop.signal, ending }).then(
      () => {
        this.#running = undefined;
        if (!stop.signal.aborted) this.#options.onEnd();
      },
      (error: unknown) => {
        this.#running = undefined;
        if (ending.aborted) return;
        this.#options.log.error({ err: error }, 'telling the targets was interrupted; it begins again soon');
        this.#options.onFailure();
      },
    );
    this.#running = { stop, end };
    return true;
  }

  /** Gives up waiting for the next try; a call that is under way ends first. */
  async stop(): Promise<void> {
    this.#running?.stop.abort();
    await this.#running?.end;
  }

  /** Goes on until nothing is due, or something that is the loop's. */
  async #run(round: Round): Promise<void> {
    const { memory, parts, overtaken, ending } = round;
    for (;;) {
      const next = due(memory.state, rulesOf(parts));
      if (!isCouriers(next) || overtaken.aborted || ending.aborted) return;
      const isOver =
        next.kind === 'deliver' ? await this.#deliver(round, next) : await this.#verify(round, next);
      if (!isOver) return;
    }
  }

  async #verify(round: Round, action: Action & { kind: 'verify' }): Promise<boolean> {
    const { verifySet } = await import('./verify-set.ts');
    return verifySet(this.#options, round, action);
  }

  /** False when it was stopped. */
  async #deliver(round: Round, { set, targets: names }: Action & { kind: 'deliver' }): Promise<boolean> {
    const { memory, parts, overtaken, ending } = round;
    const { observer, log, backoffs } = this.#options;
    const { deliver } = await import('../reload/delivery.ts');
    const started = performance.now();
    const { revision, sequence, publishedAt } = set;
    const { previous, before } = memory.state;
    // After a restart nobody has looked; before the signal is not too late.
    const looked = before?.sequence === sequence ? before.values : await lookBefore(parts, ending);
    const outcome = await deliver({
      targets: parts.targets.filter(({ name }) => names.includes(name)),
      contextFor: ({ name }) => {
        const changed = this.#owed.of(name);
        return { revision, sequence, publishedAt, previous, changed, before: looked[name] };
      },
      signal: overtaken,
      hardSignal: ending,
      ...(backoffs === undefined ? {} : { backoffs }),
      onAnswer: (target, answer, attempt) => this.#note(round, { set, target, answer, attempt, started }),
    });
    if (outcome.kind === 'stopped') return false;
    if (outcome.kind === 'rejected') return true;
    observer.phase('reload', (performance.now() - started) / 1000);
    if (this.#changeSeenAt !== undefined) observer.delivered((performance.now() - this.#changeSeenAt) / 1000);
    this.#changeSeenAt = undefined;
    log.debug({ sequence }, 'every target took the set');
    return true;
  }

  /** The answer is on disk before anything follows from it; of a row of equal ones only the first is written. */
  async #note({ memory, parts }: Round, told: Told): Promise<void> {
    const { set, target, answer } = told;
    const { log, observer } = this.#options;
    observer.reloaded(target.name, answer.class);
    if (answer.class === 'accepted') this.#owed.taken(target.name);
    const last = memory.state.targets[target.name]?.lastAnswer;
    const isFinal = answer.class === 'accepted' || answer.class === 'rejected';
    const isRepeated = !isFinal && last?.class === answer.class && last.detail === answer.detail;
    const { name, identity } = target;
    const event = { type: 'answered', target: { name, identity }, answer, sequence: set.sequence } as const;
    const next = isRepeated ? undefined : await memory.tell(event, rulesOf(parts));
    const rollsBack = next?.kind === 'roll-back';
    describeAnswer(log, { ...told, isRepeated, rollsBack, milliseconds: performance.now() - told.started });
  }
}

interface Told {
  readonly set: PublishedSet;
  readonly target: Target;
  readonly answer: Answer;
  readonly attempt: number;
  readonly started: number;
}

type CouriersAction = Action & { readonly kind: 'deliver' | 'verify' };

function isCouriers(action: Action | undefined): action is CouriersAction {
  return action?.kind === 'deliver' || action?.kind === 'verify';
}
