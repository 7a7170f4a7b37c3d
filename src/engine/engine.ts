import { type Failure, isAbort, RefusedError, toFailure, UnreachableError } from '../failure/failure.ts';
import { Alarm } from '../platform/alarm.ts';
import { withDeadline } from '../platform/deadline.ts';
import type { Log } from '../platform/log.ts';
import { formatDuration } from '../platform/units.ts';
import type { Generation } from '../publish/generation.ts';
import { topLevelNames } from '../publish/links.ts';
import type { StageOptions } from '../publish/stage.ts';
import type { SymlinkPublisher } from '../publish/symlink-publisher.ts';
import type { Digest, Revision } from '../snapshot/entry.ts';
import { Courier } from './courier.ts';
import { Memory } from './memory.ts';
import type { Observer } from './observer.ts';
import type { Parts } from './parts.ts';
import { prepareRollback, prepareSet, type StagedSet } from './prepare.ts';
import { reconcile, setOf } from './reconcile.ts';
import type { PublishedSet, State } from './state.ts';
import type { StateStore } from './state-store.ts';
import * as transitions from './transitions.ts';

export interface EngineOptions {
  readonly publisher: SymlinkPublisher;
  readonly stageOptions: StageOptions;
  readonly store: StateStore;
  readonly observer: Observer;
  readonly log: Log;
  /** The process is ending: a reload call that is under way is given up too. */
  readonly ending: AbortSignal;
}

/** The only layer's name in metrics. */
const layer = 'main';
/** Links are looked at this often at most, however short the poll interval. */
const linkCheckInterval = 2000;

/**
 * Brings *desired* (what the source says), *published* (what readers see) and *acknowledged* (what each target took)
 * together, one change at a time. A restart is nothing special: the state says what is left to do.
 */
export class Engine {
  readonly #options: EngineOptions;
  readonly #courier: Courier;
  readonly alarm = new Alarm();
  #memory: Memory | undefined;
  #parts: Parts;
  /** The visible names of the published generation. */
  #names: ReadonlySet<string> = new Set();
  #linksCheckedAt = Number.NEGATIVE_INFINITY;
  #collectAt = Number.POSITIVE_INFINITY;
  #lastContact: Date | undefined;
  /** The next set to be published counts as acknowledged. */
  #handsOver = false;

  constructor(options: EngineOptions, parts: Parts) {
    this.#options = options;
    this.#parts = parts;
    this.#courier = new Courier({
      observer: options.observer,
      log: options.log,
      onVerdict: () => this.alarm.ring(),
    });
  }

  get state(): State | undefined {
    return this.#memory?.state;
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
    return this.#collectAt;
  }

  /** The settings changed: what is being delivered by the old ones is given up, and owed to the new. */
  async replaceParts(parts: Parts): Promise<void> {
    const old = this.#parts;
    await this.#courier.stop();
    this.#parts = parts;
    await old.source[Symbol.asyncDispose]();
  }

  /** Opens the target and brings state and target together. Until it succeeds, nothing else can be done. */
  async open(): Promise<void> {
    if (this.#memory !== undefined) return this.#memory.flush();
    const { publisher, store } = this.#options;
    await publisher.open();
    const loaded = await store.load();
    const current = await publisher.current();
    const good = loaded.good && (await publisher.generation(loaded.good.generation));
    const memory = new Memory(
      store,
      reconcile(loaded, current, (name) => name === current?.name || name === good?.name),
    );
    await memory.flush();
    this.#memory = memory;
    this.#names = namesOf(current);
    await this.#collect(current);
  }

  /** What `WHERRY_RELOAD_ON_START` says of the set that is published now, or first. */
  async start(): Promise<void> {
    const memory = this.#memoryOf();
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
    this.#handsOver = true;
    await this.#withinSyncTimeout(signal, async (inner) => {
      await this.#rollBackIfDue(inner);
      await this.#sync(inner, undefined);
    });
    const { quarantine } = this.#memoryOf().state;
    if (quarantine !== undefined) throw new RefusedError({ problem: quarantine.reason });
    await this.#memoryOf().update(transitions.handedOver);
  }

  /** One look at the source, and everything that follows from it up to the signal, which goes on by itself. */
  async look(signal: AbortSignal): Promise<void> {
    await this.#withinSyncTimeout(signal, (inner) => this.#look(inner));
  }

  /** Rolls back if a target rejected what is published; tells targets what is owed; removes what is over. */
  async settle(signal: AbortSignal): Promise<void> {
    await this.#rollBackIfDue(signal);
    await this.#commit();
    if (this.#collectAt <= performance.now()) await this.#collect(await this.#options.publisher.current());
    this.#deliver();
  }

  /** Ends what is under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#courier.stop();
    await this.#parts.source[Symbol.asyncDispose]();
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { observer } = this.#options;
    const { key, source } = this.#parts;
    const started = performance.now();
    await this.#repairLinks();
    const { seen, published } = this.#memoryOf().state;
    const previous = published !== undefined && seen?.key === key ? seen.revision : undefined;
    const probe = await source.probe(previous, signal);
    this.#lastContact = new Date();
    observer.phase('probe', (performance.now() - started) / 1000);
    if (probe.kind === 'unchanged' || probe.revision === previous) observer.polled(layer, 'unchanged');
    else if (transitions.isQuarantined(this.#memoryOf().state, key, probe.revision)) {
      observer.polled(layer, 'quarantined');
    } else {
      observer.polled(layer, 'changed');
      await this.#sync(signal, probe.revision, started);
    }
  }

  /** fetch → stage → guard → publish. What the content is refused for is noted; everything else is thrown. */
  async #sync(signal: AbortSignal, probed: Revision | undefined, started = performance.now()): Promise<void> {
    const { key, source } = this.#parts;
    let revision = probed;
    try {
      const snapshot = await source.snapshot(signal);
      this.#lastContact = new Date();
      revision = snapshot.revision;
      this.#options.observer.phase('fetch', (performance.now() - started) / 1000);
      const current = await this.#options.publisher.current();
      const staging = performance.now();
      const { publisher, stageOptions } = this.#options;
      const { sequence } = this.#memoryOf().state;
      const prepared = await prepareSet(
        { parts: this.#parts, publisher, stageOptions, current, snapshot, sequence: sequence + 1 },
        signal,
      );
      this.#options.observer.phase('stage', (performance.now() - staging) / 1000);
      if (prepared.kind === 'equal') await this.#noteEqual(revision);
      else await this.#publishUnlessKnown(prepared, revision, started, signal);
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      revision ??= await this.#revisionNow(signal);
      await this.#noteRefused(error, { key, revision });
    }
  }

  async #publishUnlessKnown(
    set: StagedSet,
    revision: Revision,
    started: number,
    signal: AbortSignal,
  ): Promise<void> {
    await using stage = set.stage;
    const { state } = this.#memoryOf();
    const { digest } = set.manifest;
    const { quarantine, published } = state;
    if (published?.digest === digest && quarantine?.digest !== digest) return this.#noteEqual(revision);
    if (quarantine?.digest === digest && quarantine.sourceKey === this.#parts.key) {
      const failure = new RefusedError({ problem: quarantine.reason });
      return this.#noteRefused(failure, { key: this.#parts.key, revision, digest });
    }
    const next = await this.#publish({ ...set, stage }, signal);
    const { key, targets } = this.#parts;
    const handsOver = this.#handsOver;
    this.#handsOver = false;
    await this.#memoryOf().update((before) => {
      const after = transitions.published(before, next, targets, new Date().toISOString());
      return transitions.caughtUp(handsOver ? transitions.handedOver(after) : after, key, revision);
    });
    this.#options.observer.synced('published');
    this.#courier.changeSeenAt(started);
    this.#deliver();
    const { sequence, generation, files } = next;
    const milliseconds = Math.round(performance.now() - started);
    this.#options.log.info({ revision, sequence, files, generation, milliseconds }, 'published');
  }

  /** The swap. A signal that is under way ends first, so that its answer is about one set only. */
  async #publish({ stage, manifest }: StagedSet, signal: AbortSignal): Promise<PublishedSet> {
    const { publisher, observer } = this.#options;
    await this.#courier.stop();
    const started = performance.now();
    const generation = await publisher.publish(stage, manifest, signal);
    observer.phase('publish', (performance.now() - started) / 1000);
    this.#names = namesOf(generation);
    this.#linksCheckedAt = started;
    this.#collectAt = Math.min(this.#collectAt, started);
    return setOf(generation);
  }

  async #rollBackIfDue(signal: AbortSignal): Promise<void> {
    const { observer, log } = this.#options;
    const memory = this.#memoryOf();
    await this.#noteVerdict();
    const due = this.#parts.rollback ? transitions.rollbackDue(memory.state) : undefined;
    if (due === undefined) return;
    const sequence = memory.state.sequence + 1;
    const set = await this.#prepareRollback(due, sequence);
    if (set === undefined) return;
    await using stage = set.stage;
    const from = memory.state.published?.revision;
    const next = await this.#publish({ ...set, stage }, signal);
    await memory.update((state) => transitions.rolledBack(state, next, new Date().toISOString()));
    observer.rolledBack();
    log.warn({ from, to: next.revision, sequence }, 'rolled back to the last good set');
  }

  /** Undefined when the good generation is no longer what it was: then there is nothing to go back to. */
  async #prepareRollback(due: PublishedSet, sequence: number): Promise<StagedSet | undefined> {
    const { publisher, log } = this.#options;
    try {
      const good = await publisher.generation(due.generation);
      if (good !== undefined) return await prepareRollback({ parts: this.#parts, publisher, sequence }, good);
      log.error({ generation: due.generation }, 'not rolled back: the last good generation is gone');
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      log.error(
        { generation: due.generation, reason: error.message },
        'not rolled back: the last good set is damaged',
      );
    }
    await this.#memoryOf().update(({ good: _, ...rest }) => rest);
    return undefined;
  }

  /** A target's rejection is written down before anything is done about it. */
  async #noteVerdict(): Promise<void> {
    const verdict = this.#courier.takeVerdict();
    const memory = this.#memoryOf();
    if (verdict === undefined || memory.state.published?.sequence !== verdict.sequence) return;
    await memory.update((state) =>
      transitions.rejected(state, this.#parts.key, verdict.detail, new Date().toISOString()),
    );
    const { revision } = memory.state.published;
    const rollsBack = this.#parts.rollback && transitions.rollbackDue(memory.state) !== undefined;
    const { target, detail } = verdict;
    const message = rollsBack
      ? 'the set was rejected'
      : 'the set was rejected and stays: there is none to go back to';
    this.#options.log.error({ revision, target, detail }, message);
  }

  /** A set that is owed to nobody is good, however it came to be so. */
  async #commit(): Promise<void> {
    const memory = this.#memoryOf();
    const { good, published } = memory.state;
    if (good?.generation === published?.generation) return;
    await memory.update((state) => transitions.commitIfTaken(state, this.#parts.targets));
    if (memory.state.good !== good) this.#collectAt = performance.now();
  }

  #deliver(): void {
    this.#courier.deliver(this.#memoryOf(), this.#parts.targets, this.#options.ending);
  }

  async #noteEqual(revision: Revision): Promise<void> {
    const { key } = this.#parts;
    await this.#memoryOf().update((state) =>
      transitions.foundEqual(state, key, revision, new Date().toISOString()),
    );
    this.#options.observer.synced('equal');
    this.#options.log.debug({ revision }, 'the set is the same; nothing to publish');
  }

  async #noteRefused(
    failure: Failure,
    set: { key: string; revision: Revision; digest?: Digest },
  ): Promise<void> {
    await this.#memoryOf().update((state) =>
      transitions.refused(state, set, failure, new Date().toISOString()),
    );
    this.#options.observer.synced('refused');
    this.#options.log.error(
      { revision: set.revision, reason: failure.message },
      'refused; the published set stays',
    );
  }

  /** Some content is refused while it is listed, before the source could say its revision. */
  async #revisionNow(signal: AbortSignal): Promise<Revision> {
    const probe = await this.#parts.source.probe(undefined, signal);
    if (probe.kind === 'moved') return probe.revision;
    throw new Error('a probe without a previous revision answered "unchanged"');
  }

  async #repairLinks(): Promise<void> {
    const { publisher, log } = this.#options;
    const { published } = this.#memoryOf().state;
    if (published === undefined || performance.now() - this.#linksCheckedAt < linkCheckInterval) return;
    this.#linksCheckedAt = performance.now();
    const found = await publisher.repair(published.generation, this.#names);
    if (found === 'intact') return;
    if (found === 'repaired')
      log.warn({ generation: published.generation }, 'links in the target were put right');
    else {
      log.warn(
        { generation: published.generation },
        'the published generation is gone; it is published anew',
      );
      await this.#memoryOf().update((state) => reconcile(state, undefined, () => false));
    }
  }

  async #collect(current: Generation | undefined): Promise<void> {
    const good = this.#memoryOf().state.good?.generation;
    const due = await this.#options.publisher.collect(current, new Set(good === undefined ? [] : [good]));
    this.#collectAt = due === undefined ? Number.POSITIVE_INFINITY : performance.now() + due;
  }

  #withinSyncTimeout<T>(signal: AbortSignal, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { syncTimeout } = this.#parts;
    const onTime = () =>
      new UnreachableError({
        setting: 'WHERRY_SYNC_TIMEOUT',
        problem: `the attempt took longer than ${formatDuration(syncTimeout)}`,
        cure: 'look at the source and the network, or raise it for a large repository',
      });
    return withDeadline(syncTimeout, signal, onTime, run);
  }

  /** Notes a failure for status and metrics, as far as the target lets it be noted. */
  async noteFailure(error: unknown, signal: AbortSignal): Promise<Failure | undefined> {
    if (isAbort(error, signal)) return undefined;
    const failure = toFailure(error);
    this.#options.observer.polled(layer, 'failed');
    this.#options.observer.synced('failed');
    const known = this.state?.lastFailure?.message === failure.message;
    if (!known) {
      await this.#memory
        ?.update((state) => transitions.failed(state, failure, new Date().toISOString()))
        .catch(() => undefined);
    }
    return failure;
  }

  /** The source answers again. */
  async noteRecovery(): Promise<void> {
    await this.#memoryOf().update(transitions.recovered);
  }

  #memoryOf(): Memory {
    if (this.#memory === undefined) throw new Error('the engine is not open');
    return this.#memory;
  }
}

function namesOf(generation: Generation | undefined): ReadonlySet<string> {
  return topLevelNames(generation?.manifest.files.map(({ path }) => path) ?? []);
}
