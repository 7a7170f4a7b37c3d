import { Failure, RefusedError, UnreachableError } from '../../failure/failure.ts';
import { withDeadline } from '../../platform/deadline.ts';
import { ensureDirectory } from '../../platform/directory.ts';
import type { Log } from '../../platform/log.ts';
import { formatDuration } from '../../platform/units.ts';
import { onTarget } from '../../publish/target-errors.ts';
import type { Entry, FileEntry, Provenance, Revision } from '../../snapshot/entry.ts';
import type { FileSink } from '../../snapshot/file-sink.ts';
import { checkCollapse } from '../../snapshot/guard-rails.ts';
import { checkCoexistence } from '../../snapshot/path-rules.ts';
import type { LayerPoll, LayerStatus, Source } from '../source.ts';
import { Fitness } from './fitness.ts';
import { inSet, inSource, type Mounting } from './mount.ts';
import { inTermsOfLayer } from './terms.ts';

export interface LayerOptions extends Mounting {
  readonly source: Source;
  /** Private to it; undefined where nothing is kept. */
  readonly directory?: string;
  /** What is published of it may stand in for what it has; not for one revision that is asked for. */
  readonly hasStandIn: boolean;
  /** Symbolic links are left out, and so lie over nothing. */
  readonly skipsLinks: boolean;
  /** A listing that lost most of what is published of it is refused. */
  readonly refusesCollapse: boolean;
  /** Milliseconds of an attempt; a layer gets a part of them where something can stand in for it. */
  readonly syncTimeout: number;
  readonly log: Log;
}

export type LayerLook =
  | { readonly kind: 'at'; readonly revision: Revision; readonly hasMoved: boolean }
  /** It does not answer, or its content cannot be had: the last good part stays. */
  | { readonly kind: 'failed'; readonly failure: Failure; readonly answers: boolean };

export interface TakenLayer {
  readonly revision: Revision;
  readonly provenance?: Provenance;
  readonly entries: readonly Entry[];
}

/** A probe that fails after longer than this is not repeated with every look. Milliseconds. */
const quick = 2000;

/** One of several sources: where its files lie in the set, and how it does. */
export class Layer implements AsyncDisposable {
  readonly name: string;
  readonly mount: string;
  readonly hasStandIn: boolean;
  readonly source: Source;
  readonly #options: LayerOptions;
  readonly #fitness: Fitness;
  #shown: Revision | undefined;
  #lastContact: Date | undefined;
  #isPrepared = false;
  readonly #polls: LayerPoll['result'][] = [];

  constructor(options: LayerOptions) {
    this.#options = options;
    this.name = options.name;
    this.mount = options.mount;
    this.hasStandIn = options.hasStandIn;
    this.source = options.source;
    this.#fitness = new Fitness({ name: options.name, tells: options.hasStandIn, log: options.log });
  }

  get status(): LayerStatus {
    const { name, mount, source } = this;
    return {
      name,
      source: source.description,
      mount,
      revision: this.#shown,
      lastContact: this.#lastContact,
      failure: this.#fitness.status,
    };
  }

  /** The `performance.now()` at which it is tried again; undefined while it does well, or until it moves. */
  get retryAt(): number | undefined {
    return this.#fitness.retryAt;
  }

  takePolls(): readonly LayerPoll[] {
    return this.#polls.splice(0).map((result) => ({ layer: this.name, result }));
  }

  /** Whatever failed may be tried at once. */
  lookAnew(): void {
    this.#fitness.lookAnew();
  }

  /** Its probe. `isBacked`: something can stand in for it, so that the others need not wait for long. */
  async look(previous: Revision | undefined, isBacked: boolean, signal: AbortSignal): Promise<LayerLook> {
    const { silence, hasTrouble } = this.#fitness;
    if (silence !== undefined) return this.#unreachable(silence);
    const started = performance.now();
    let revision: Revision;
    try {
      await this.#prepare();
      const probe = await this.#within(isBacked ? 1 / 4 : 1, signal, (own) =>
        this.source.probe(previous, own),
      );
      revision = probe.kind === 'moved' ? probe.revision : (previous ?? this.#shown ?? missingPrevious());
    } catch (error) {
      signal.throwIfAborted();
      const failure = inTermsOfLayer(error, this.name);
      this.#fitness.unanswered(failure, performance.now() - started > quick);
      return this.#unreachable(failure);
    }
    this.#shown = revision;
    this.#lastContact = new Date();
    const failure = this.#fitness.answered(revision);
    if (failure !== undefined) {
      this.#polls.push(failure instanceof RefusedError ? 'quarantined' : 'failed');
      return { kind: 'failed', failure, answers: true };
    }
    const hasMoved = revision !== previous;
    this.#polls.push(hasMoved ? 'changed' : 'unchanged');
    if (!hasTrouble && !hasMoved) this.#fitness.recovered();
    return { kind: 'at', revision, hasMoved };
  }

  /** Why its content is not to be asked for now. */
  get standing(): Failure | undefined {
    return this.#fitness.standing;
  }

  /** Its snapshot, with the paths of the set. `published` counts what the published set has of it. */
  async take(
    isBacked: boolean,
    published: () => Promise<number>,
    signal: AbortSignal,
  ): Promise<TakenLayer | Failure> {
    const { skipsLinks, refusesCollapse } = this.#options;
    try {
      await this.#prepare();
      const taken = await this.#within(isBacked ? 3 / 4 : 1, signal, (own) => this.source.snapshot(own));
      const kept = skipsLinks ? taken.entries.filter(({ kind }) => kind === 'file') : taken.entries;
      checkCoexistence(kept);
      const entries = kept.map((entry) => inSet(entry, this));
      if (refusesCollapse && this.hasStandIn) {
        checkCollapse(entries.length, await published());
      }
      const { revision, provenance } = taken;
      this.#fitness.listed();
      return { revision, ...(provenance === undefined ? {} : { provenance }), entries };
    } catch (error) {
      signal.throwIfAborted();
      return this.#stumble(error);
    }
  }

  /** Writes files of the set that are this layer's. Rejects with its failure, or with what the sink threw. */
  async write(files: readonly FileEntry[], sink: FileSink, signal: AbortSignal): Promise<void> {
    let refused: { readonly error: unknown } | undefined;
    const own: FileSink = {
      put: (file, content) =>
        sink.put(this.#inSet(file), content).catch((error: unknown) => {
          refused ??= { error };
          throw error;
        }),
    };
    try {
      await this.source.write(
        files.map((file) => inSource(file, this)),
        own,
        signal,
      );
    } catch (error) {
      // What the target or the size of the whole set refuses is not this layer's doing.
      if (refused !== undefined) throw refused.error;
      if (signal.aborted && !(signal.reason instanceof Failure)) throw error;
      throw this.#stumble(error);
    }
  }

  /** Its content is in the set that is staged now, or in the one before, and it has no other. */
  settle(): void {
    this.#fitness.recovered();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.source[Symbol.asyncDispose]();
  }

  async #prepare(): Promise<void> {
    const { directory } = this.#options;
    if (directory === undefined || this.#isPrepared) return;
    await onTarget(ensureDirectory(directory, 0o700));
    this.#isPrepared = true;
  }

  #inSet(file: FileEntry): FileEntry {
    const entry = inSet(file, this);
    return entry.kind === 'file' ? entry : file;
  }

  #unreachable(failure: Failure): LayerLook {
    this.#polls.push('failed');
    return { kind: 'failed', failure, answers: false };
  }

  /** It answered, and its content could not be had. */
  #stumble(error: unknown): Failure {
    const failure = inTermsOfLayer(error, this.name);
    this.#polls.push(failure instanceof RefusedError ? 'quarantined' : 'failed');
    this.#fitness.stumbled(failure, this.#shown);
    return failure;
  }

  #within<T>(share: number, signal: AbortSignal, run: (own: AbortSignal) => Promise<T>): Promise<T> {
    if (share === 1) return run(signal);
    const time = this.#options.syncTimeout * share;
    const onTime = () =>
      new UnreachableError({
        setting: 'WHERRY_SYNC_TIMEOUT',
        problem: `it took longer than ${formatDuration(Math.round(time))}, its share of the attempt`,
        cure: 'look at the source and the network, or raise it for a large set or repository',
      });
    return withDeadline(time, signal, onTime, (limits) => run(limits.signal));
  }
}

function missingPrevious(): never {
  throw new Error('a probe without a previous revision answered "unchanged"');
}
