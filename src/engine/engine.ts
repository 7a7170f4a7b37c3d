import { type Failure, isAbort, RefusedError, toFailure, UnreachableError } from '../failure/failure.ts';
import { Alarm } from '../platform/alarm.ts';
import { type Limits, withDeadline } from '../platform/deadline.ts';
import { formatDuration } from '../platform/units.ts';
import { type Context, deliver } from './context.ts';
import { Courier } from './courier.ts';
import { follow } from './follow.ts';
import { Keeper } from './keeper.ts';
import { Memory } from './memory.ts';
import { mainLayer } from './observer.ts';
import type { EngineOptions } from './options.ts';
import type { Parts } from './parts.ts';
import { reconcile } from './reconcile.ts';
import { rollBackIfDue } from './roll-back.ts';
import type { State } from './state.ts';
import * as transitions from './transitions.ts';

/** Milliseconds after which an interrupted delivery begins again. */
const deliveryRetry = 5000;

/**
 * Brings *desired* (what the source says), *published* (what readers see) and *acknowledged* (what each target took)
 * together, one change at a time. A restart is nothing special: the state says what is left to do.
 */
export class Engine implements AsyncDisposable {
  /** Rings when there is something to do before the next poll. */
  readonly alarm = new Alarm();
  readonly #options: EngineOptions;
  readonly #courier: Courier;
  #opened: Pick<Context, 'memory' | 'keeper'> | undefined;
  #parts: Parts;
  #lastContact: Date | undefined;
  /** The next set to be published counts as acknowledged. */
  #handsOver = false;

  constructor(options: EngineOptions, parts: Parts) {
    const { observer, log } = options;
    this.#options = options;
    this.#parts = parts;
    const onEnd = () => {
      // A generation that was kept for a rollback may be superfluous now.
      this.#opened?.keeper.collectSoon();
      this.alarm.ring();
    };
    const onFailure = () => void setTimeout(() => this.alarm.ring(), deliveryRetry).unref();
    this.#courier = new Courier({ observer, log, onEnd, onFailure });
  }

  get state(): State | undefined {
    return this.#opened?.memory.state;
  }

  get parts(): Parts {
    return this.#parts;
  }

  /** When the source last answered. */
  get lastContact(): Date | undefined {
    return this.#lastContact;
  }

  /** The `performance.now()` at which a replaced generation may go. */
  get collectAt(): number {
    return this.#opened?.keeper.collectAt ?? Number.POSITIVE_INFINITY;
  }

  /** The settings changed: what is being delivered by the old ones is given up, and owed to the new. */
  async replaceParts(parts: Parts): Promise<void> {
    const old = this.#parts;
    await this.#courier.stop();
    this.#parts = parts;
    await old.source[Symbol.asyncDispose]();
    await this.#opened?.memory.update((state) => transitions.underSettings(state, parts.keys));
  }

  /** Opens the target and brings state and target together. Until it succeeds, nothing else can be done. */
  async open(): Promise<void> {
    if (this.#opened !== undefined) return this.#opened.memory.flush();
    const { publisher, store } = this.#options;
    await publisher.open();
    const loaded = await store.load();
    const current = await publisher.current(loaded.sequence > 0);
    const good = loaded.good && (await publisher.generation(loaded.good.generation));
    const isThere = (name: string) => name === current?.name || name === good?.name;
    const state = transitions.underSettings(reconcile(loaded, current, isThere), this.#parts.keys);
    const memory = new Memory(store, state, loaded);
    await memory.flush();
    const known = state.published === undefined ? undefined : current;
    this.#opened = { memory, keeper: new Keeper(this.#options, this.#courier, known) };
  }

  /** What `WHERRY_RELOAD_ON_START` says of the set that is published now, or first. */
  async start(): Promise<void> {
    const { memory } = this.#context();
    switch (this.#parts.reloadOnStart) {
      case 'changed':
        break;
      case 'always':
        await memory.update(transitions.toldAgain);
        break;
      case 'never':
        this.#handsOver = memory.state.published === undefined;
        await memory.update(transitions.handedOver);
        break;
    }
  }

  /** One set without signals, for `init`. Resolves when it is published, or was. */
  async bring(signal: AbortSignal): Promise<void> {
    const context = this.#context();
    const { memory, keeper } = context;
    await this.#withinSyncTimeout(signal, async (limits) => {
      await rollBackIfDue(context, limits);
      await keeper.finish();
      await follow(context, { probed: undefined, seenAt: performance.now(), handsOver: true }, limits);
    });
    const { quarantine, published } = memory.state;
    const stoodIn =
      quarantine?.reloadKey !== undefined &&
      published !== undefined &&
      quarantine.digest !== published.digest;
    if (quarantine !== undefined && !stoodIn) throw new RefusedError({ problem: quarantine.reason });
    if (stoodIn) {
      const { revision, reason } = quarantine;
      this.#options.log.warn(
        { revision, reason },
        'the application rejected this revision before; the last good set is used',
      );
    }
    await memory.update(transitions.handedOver);
    await keeper.collect(memory);
  }

  /** One look at the source, and everything that follows from it up to the signal, which goes on by itself. */
  async look(signal: AbortSignal): Promise<void> {
    await this.#withinSyncTimeout(signal, (limits) => this.#look(limits));
  }

  /**
   * Rolls back if a target rejected what is published, finishes a publish that was interrupted, tells targets what is
   * owed, removes what is over.
   */
  async settle(signal: AbortSignal): Promise<void> {
    const context = this.#context();
    await rollBackIfDue(context, { signal, outside: (wait) => wait });
    await context.keeper.finish();
    await this.#commit(context);
    await context.keeper.collect(context.memory);
    deliver(context);
  }

  /** Notes a failure for status and metrics, as far as the target lets it be noted. Undefined: it was only the end. */
  async noteFailure(error: unknown, signal: AbortSignal): Promise<Failure | undefined> {
    if (isAbort(error, signal)) return undefined;
    const failure = toFailure(error);
    const { observer } = this.#options;
    observer.polled(mainLayer, 'failed');
    observer.synced('failed');
    const isKnown = this.state?.lastFailure?.message === failure.message;
    const note = (state: State) => transitions.failed(state, failure, new Date().toISOString());
    if (!isKnown) await this.#opened?.memory.update(note).catch(() => undefined);
    return failure;
  }

  /** The source answers again. */
  async noteRecovery(failures: number): Promise<void> {
    this.#options.log.info({ failures }, 'it works again');
    await this.#context().memory.update((state) => transitions.recovered(state, new Date().toISOString()));
  }

  /** Ends what is under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#courier.stop();
    await this.#parts.source[Symbol.asyncDispose]();
  }

  async #look(limits: Limits): Promise<void> {
    const context = this.#context();
    const { observer } = this.#options;
    const { keys, source } = this.#parts;
    const seenAt = performance.now();
    await context.keeper.repair(context.memory);
    const { published, seen } = context.memory.state;
    if (published !== undefined) this.#handsOver = false;
    const previous = published !== undefined && seen?.key === keys.setKey ? seen.revision : undefined;
    const probe = await source.probe(previous, limits.signal);
    this.#lastContact = new Date();
    observer.phase('probe', (performance.now() - seenAt) / 1000);
    if (probe.kind === 'unchanged' || probe.revision === previous) observer.polled(mainLayer, 'unchanged');
    else if (transitions.isQuarantined(context.memory.state, probe.revision)) {
      observer.polled(mainLayer, 'quarantined');
    } else {
      observer.polled(mainLayer, 'changed');
      const handsOver = this.#handsOver && published === undefined;
      await follow(context, { probed: probe.revision, seenAt, handsOver }, limits);
    }
  }

  /** A set that is owed to nobody is good, however it came to be so. */
  async #commit({ memory, keeper }: Context): Promise<void> {
    const { good, published } = memory.state;
    if (good?.generation === published?.generation) return;
    await memory.update((state) => transitions.commitIfTaken(state, this.#parts.targets));
    if (memory.state.good !== good) keeper.collectSoon();
  }

  #withinSyncTimeout<T>(signal: AbortSignal, run: (limits: Limits) => Promise<T>): Promise<T> {
    const { syncTimeout } = this.#parts;
    const onTime = () =>
      new UnreachableError({
        setting: 'WHERRY_SYNC_TIMEOUT',
        problem: `the attempt took longer than ${formatDuration(syncTimeout)}`,
        cure: 'look at the source and the network, or raise it for a large repository',
      });
    return withDeadline(syncTimeout, signal, onTime, run);
  }

  #context(): Context {
    if (this.#opened === undefined) throw new Error('the engine is not open');
    return { ...this.#opened, options: this.#options, parts: this.#parts, courier: this.#courier };
  }
}
