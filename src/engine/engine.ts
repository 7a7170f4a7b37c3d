import { type Failure, isAbort, toFailure } from '../failure/failure.ts';
import { Alarm } from '../platform/alarm.ts';
import type { Limits } from '../platform/deadline.ts';
import type { Revision } from '../snapshot/entry.ts';
import type { Source } from '../sources/source.ts';
import { asked } from './asked.ts';
import { type Context, tell } from './context.ts';
import { Courier } from './courier.ts';
import type { DriftStatus } from './drift/tally.ts';
import { DriftHook } from './drift-hook.ts';
import { fillFromGood } from './fill-from-good.ts';
import { follow } from './follow.ts';
import { inTermsOfPin } from './in-terms-of-pin.ts';
import { isUpToDate } from './is-up-to-date.ts';
import { Keeper } from './keeper.ts';
import { noteLayers, tellOfPoll } from './layers.ts';
import { Lookout } from './lookout.ts';
import { isHeld } from './machine/machine.ts';
import type { Request, RequestOutcome } from './machine/request.ts';
import type { State } from './machine/state.ts';
import { Memory } from './memory.ts';
import { moveIfDue } from './move-if-due.ts';
import type { EngineOptions } from './options.ts';
import { oursAtStart } from './ours.ts';
import { type Parts, rulesOf } from './parts.ts';
import { setOf } from './published-set.ts';
import { rollBackIfDue } from './roll-back-if-due.ts';
import { Settling } from './settling.ts';
import { refuseUnlessStoodInFor } from './stood-in.ts';
import { Supply } from './supply.ts';
import { withinSyncTimeout } from './sync-timeout.ts';

/** Milliseconds after which an interrupted delivery begins again. */
const deliveryRetry = 5000;

/**
 * Brings *desired* (what the source says), *published* (what readers see) and *acknowledged* (what each target took)
 * together, one change at a time. What is to be done is the state machine's to say; this does it. A restart is nothing
 * special: the state says what is left to do.
 */
export class Engine implements AsyncDisposable {
  /** Rings when there is something to do before the next poll. */
  readonly alarm = new Alarm();
  readonly #options: EngineOptions;
  readonly #courier: Courier;
  readonly #supply = new Supply();
  readonly #lookout = new Lookout();
  readonly #drift: DriftHook;
  readonly #settling: Settling;
  #opened: Pick<Context, 'memory' | 'keeper'> | undefined;
  #parts: Parts;
  /** The next set to be published counts as acknowledged. */
  #handsOver = false;

  constructor(options: EngineOptions, parts: Parts) {
    this.#options = options;
    this.#parts = parts;
    const onEnd = () => {
      // A generation that was kept for a rollback may be superfluous now.
      this.#opened?.keeper.collectSoon();
      this.alarm.ring();
    };
    const onFailure = () => void setTimeout(() => this.alarm.ring(), deliveryRetry).unref();
    this.#courier = new Courier({ ...options, onEnd, onFailure });
    this.#drift = new DriftHook(options, () => this.alarm.ring());
    this.#settling = new Settling(this.#drift, () => this.alarm.ring());
  }

  get state(): State | undefined {
    return this.#opened?.memory.state;
  }

  get parts(): Parts {
    return this.#parts;
  }

  /** The source that is in use, if there is one already. */
  get source(): Source | undefined {
    return this.#supply.current;
  }

  /** When the source last answered. */
  get lastContact(): Date | undefined {
    return this.#lookout.lastContact;
  }

  /** The revision that the source showed last, also while nothing is followed. */
  get shown(): Revision | undefined {
    return this.#lookout.shown;
  }

  /** The `performance.now()` at which a replaced generation may go. */
  get collectAt(): number {
    return this.#opened?.keeper.collectAt ?? Number.POSITIVE_INFINITY;
  }

  /** The `performance.now()` at which the source is to be looked at before the next poll: a change has become quiet. */
  get quietAt(): number {
    return Math.min(this.#lookout.quietAt, this.#drift.looksAt);
  }

  /** The `performance.now()` at which the published files are to be checked. */
  get driftAt(): number {
    return this.#drift.dueAt(this.state);
  }

  /** What was put back of what something else changed. */
  get drift(): DriftStatus | undefined {
    return this.#drift.status;
  }

  /** The settings changed: what is being delivered by the old ones is given up, and owed to the new. */
  async replaceParts(parts: Parts): Promise<void> {
    await this.#courier.stop();
    this.#parts = parts;
    await this.#supply[Symbol.asyncDispose]();
    if (this.#opened !== undefined) await tell(this.#context(), { type: 'settings-changed' });
  }

  /** Opens the target and brings state and target together. Until it succeeds, nothing else can be done. */
  async open(): Promise<void> {
    if (this.#opened !== undefined) return this.#opened.memory.flush();
    const { publisher, store, targetDir: target } = this.#options;
    await publisher.open();
    const loaded = await store.load();
    const found = await publisher.current(oursAtStart(loaded, { target, stateDir: store.directory }));
    const memory = new Memory(store, loaded);
    const current = found && setOf(found);
    await memory.tell({ type: 'opened', current }, rulesOf(this.#parts));
    const isKnown = memory.state.published !== undefined;
    this.#opened = { memory, keeper: new Keeper(this.#options, isKnown ? found : undefined) };
  }

  /** Works no more on the target, which is another's now; `open` begins as a new start does. */
  async close(): Promise<void> {
    await this.#courier.stop();
    this.#opened = undefined;
    this.#options.publisher.forget();
    this.#settling.forget();
    this.#handsOver = false;
    this.#lookout.forget();
    this.#drift.close();
  }

  /** What `WHERRY_RELOAD_ON_START` says of the set that is published now, or first. */
  async start(): Promise<void> {
    const context = this.#context();
    const { reloadOnStart: policy } = this.#parts;
    this.#handsOver = policy === 'never' && context.memory.state.published === undefined;
    await tell(context, { type: 'started', policy });
  }

  /** Does what a person asks for as far as that is a matter of state; what follows is the loop's. */
  async ask(request: Request): Promise<RequestOutcome> {
    const outcome = await asked(this.#context(), request);
    this.#lookout.forget();
    return outcome;
  }

  /** One set without signals, for `init`. Resolves when it is published, or was. */
  async bring(signal: AbortSignal): Promise<void> {
    const context = this.#context();
    const { memory, keeper } = context;
    await withinSyncTimeout(this.#parts, signal, async (limits) => {
      await rollBackIfDue(context, limits);
      await moveIfDue(context, true, limits);
      await keeper.finish();
      const isWell = await this.#drift.isWell(context, limits);
      // Stages of runs that were killed may fill the volume.
      await keeper.collect(memory.state);
      if (memory.state.hold !== undefined) await fillFromGood(context, limits);
      if (!isHeld(memory.state) && !(await isUpToDate(context, limits))) {
        await follow(context, { probed: undefined, seenAt: performance.now(), handsOver: true }, limits);
        await fillFromGood(context, limits);
      }
      if (!isWell) await this.#drift.checkOnce(context, limits);
    });
    await noteLayers(context, this.source);
    refuseUnlessStoodInFor(memory.state, this.#options.log);
    await tell(context, { type: 'handed-over' });
    await keeper.collect(memory.state);
  }

  /** One look at the source, and everything that follows from it up to the signal, which goes on by itself. */
  async look(signal: AbortSignal): Promise<void> {
    try {
      await withinSyncTimeout(this.#parts, signal, (limits) => this.#look(limits));
    } finally {
      this.#drift.looked();
    }
  }

  /** Everything that is due and needs no look at the source. */
  settle(signal: AbortSignal): Promise<void> {
    return this.#settling.settle(this.#context(), this.#handsOver, signal);
  }

  /** Notes a failure for status and metrics, as far as the target lets it be noted. Undefined: it was only the end. */
  async noteFailure(error: unknown, signal: AbortSignal): Promise<Failure | undefined> {
    if (isAbort(error, signal)) return undefined;
    const failure = inTermsOfPin(toFailure(error), this.state?.pin);
    const { observer } = this.#options;
    tellOfPoll(observer, this.source, 'failed');
    observer.synced('failed');
    if (this.#opened === undefined) return failure;
    await noteLayers(this.#context(), this.source).catch(() => undefined);
    if (this.state?.lastFailure?.message === failure.message) return failure;
    await tell(this.#context(), { type: 'failed', failure }).catch(() => undefined);
    return failure;
  }

  /** The source answers, after so many failures in a row; the last one may be from before a restart. */
  async noteRecovery(failures: number): Promise<void> {
    if (failures > 0) this.#options.log.info({ failures }, 'it works again');
    if (this.state?.lastFailure !== undefined) await tell(this.#context(), { type: 'recovered' });
  }

  /** Ends what is under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#drift.close();
    await this.#courier.stop();
    await this.#supply[Symbol.asyncDispose]();
  }

  async #look(limits: Limits): Promise<void> {
    const context = this.#context();
    const { memory } = context;
    await this.#drift.keepNames(context, limits);
    if (memory.state.published !== undefined) this.#handsOver = false;
    await this.#lookout.look(context, this.#handsOver, limits);
    await noteLayers(context, this.source);
  }

  #context(): Context {
    if (this.#opened === undefined) throw new Error('the engine is not open');
    return {
      ...this.#opened,
      options: this.#options,
      parts: this.#parts,
      courier: this.#courier,
      supply: this.#supply,
    };
  }
}
