import { Failure } from '../../failure/failure.ts';
import type { Log } from '../../platform/log.ts';
import type { Manifest } from '../../publish/manifest.ts';
import type { FileEntry, Revision, Snapshot } from '../../snapshot/entry.ts';
import type { FileSink } from '../../snapshot/file-sink.ts';
import { joinRevisions, splitRevisions } from '../../snapshot/layer-revisions.ts';
import type { Layers, Probe, Source } from '../source.ts';
import { assemble, type Part } from './assemble.ts';
import { type LastGood, lastGoodOf } from './last-good.ts';
import type { Layer } from './layer.ts';
import { removeLeftovers } from './leftovers.ts';

export interface LayeredOptions {
  /** In order of precedence, the first below all others. */
  readonly layers: readonly Layer[];
  /** The manifest of what readers see: what a layer that fails has there stays. */
  readonly published: () => Promise<Manifest | undefined>;
  /** Where each layer has a directory of its own; undefined where nothing is kept. */
  readonly directory?: string;
  readonly log: Log;
}

/** Several sources as one: a later one wins path by path, and one that fails keeps its last good part. */
export class LayeredSource implements Source {
  readonly description: string;
  readonly layers: Layers;
  readonly #layers: readonly Layer[];
  readonly #options: LayeredOptions;
  /** Of the last snapshot. */
  #parts: readonly Part[] = [];
  /** Whether the set was published under these settings, so that there is something to stand in. */
  #isBacked = false;
  #writeFailure: { readonly error: unknown; readonly layer: Layer } | undefined;
  #isTidy = false;
  #onChange: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: LayeredOptions) {
    this.#options = options;
    this.#layers = options.layers;
    this.description = options.layers.map(describe).join(', ');
    this.layers = {
      status: () => this.#layers.map(({ status }) => status),
      takePolls: () => this.#layers.flatMap((layer) => layer.takePolls()),
      doWithout: (error) => this.#doWithout(error),
    };
  }

  async probe(previous: Revision | undefined, signal: AbortSignal): Promise<Probe> {
    this.#isBacked = previous !== undefined;
    if (previous === undefined) for (const layer of this.#layers) layer.lookAnew();
    const known = previous === undefined ? undefined : splitRevisions(previous);
    const looks = await Promise.all(
      this.#layers.map(async (layer) => {
        const look = await layer.look(known?.get(layer.name), this.#isBacked && layer.hasStandIn, signal);
        return { layer, look };
      }),
    );
    signal.throwIfAborted();
    this.#retryLater();
    const published = this.#lastGood();
    const silent = looks.flatMap(({ look }) =>
      look.kind === 'failed' && !look.answers ? [look.failure] : [],
    );
    const [first] = silent;
    if (first !== undefined && silent.length === looks.length) throw first;
    const revisions: [string, Revision][] = [];
    for (const { layer, look } of looks) {
      const at =
        look.kind === 'at' ? look.revision : await this.#standIn(layer, look.failure, known, published);
      revisions.push([layer.name, at]);
    }
    const revision = joinRevisions(revisions);
    if (revision !== previous) return { kind: 'moved', revision };
    // What could not be had of one when another moved is what is published of it: nobody asks for it again.
    for (const { layer, look } of looks) if (look.kind === 'at') layer.settle();
    return { kind: 'unchanged' };
  }

  async snapshot(signal: AbortSignal): Promise<Snapshot> {
    const published = this.#lastGood();
    const parts = await Promise.all(this.#layers.map((layer) => this.#take(layer, published, signal)));
    signal.throwIfAborted();
    this.#retryLater();
    await this.#tidy();
    const whole = parts.map((part) => {
      if (part instanceof Failure) throw part;
      return part;
    });
    const failures = whole.flatMap(({ failure }) => failure ?? []);
    const [first] = failures;
    if (first !== undefined && failures.length === whole.length) throw first;
    this.#parts = whole;
    return assemble(whole);
  }

  /** Also layers of which nothing is missing are asked: each is to stand by its listing. */
  async write(files: readonly FileEntry[], sink: FileSink, signal: AbortSignal): Promise<void> {
    const byLayer = Map.groupBy(files, ({ layer }) => layer);
    for (const { layer, failure } of this.#parts) {
      const own = byLayer.get(layer.name) ?? [];
      if (failure === undefined) await this.#writeLayer(layer, own, sink, signal);
      else if (own.length > 0) throw failure;
    }
    for (const { layer, failure } of this.#parts) if (failure === undefined) layer.settle();
  }

  async watch(onChange: () => void): Promise<AsyncDisposable | undefined> {
    this.#onChange = onChange;
    this.#retryLater();
    const watches = await Promise.all(this.#layers.map((layer) => this.#watchLayer(layer, onChange)));
    const open = watches.filter((watch) => watch !== undefined);
    if (open.length === 0) return undefined;
    return {
      [Symbol.asyncDispose]: async () => {
        await Promise.all(open.map((watch) => watch[Symbol.asyncDispose]()));
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#timer);
    this.#onChange = undefined;
    await Promise.all(this.#layers.map((layer) => layer[Symbol.asyncDispose]()));
  }

  async #tidy(): Promise<void> {
    const { directory } = this.#options;
    if (directory === undefined || this.#isTidy) return;
    this.#isTidy = true;
    await removeLeftovers(
      directory,
      this.#layers.map(({ name }) => name),
    );
  }

  /** The revision that counts for a layer that fails: the one that was dealt with last, or is published. */
  async #standIn(
    layer: Layer,
    failure: Failure,
    known: ReadonlyMap<string, Revision> | undefined,
    published: LastGoodOf,
  ): Promise<Revision> {
    const revision = known?.get(layer.name) ?? (await published(layer))?.revision;
    if (!layer.hasStandIn || revision === undefined) throw failure;
    return revision;
  }

  /** What the layer has, or what is published of it; its failure where that is nothing. */
  async #take(layer: Layer, published: LastGoodOf, signal: AbortSignal): Promise<Part | Failure> {
    const isBacked = this.#isBacked && layer.hasStandIn;
    const { standing } = layer;
    const standIn = standing === undefined || !layer.hasStandIn ? undefined : await published(layer);
    if (standing !== undefined && standIn !== undefined) return { layer, taken: standIn, failure: standing };
    const count = async () => countOf(await published(layer));
    const taken = await layer.take(isBacked, count, signal);
    if (!(taken instanceof Failure)) return { layer, taken };
    const good = layer.hasStandIn ? await published(layer) : undefined;
    return good === undefined ? taken : { layer, taken: good, failure: taken };
  }

  async #writeLayer(
    layer: Layer,
    files: readonly FileEntry[],
    sink: FileSink,
    signal: AbortSignal,
  ): Promise<void> {
    try {
      await layer.write(files, sink, signal);
    } catch (error) {
      this.#writeFailure = { error, layer };
      this.#retryLater();
      throw error;
    }
  }

  /** A layer that could not be written is failing now; the next snapshot has its last good part. */
  async #doWithout(error: unknown): Promise<boolean> {
    const failed = this.#writeFailure;
    this.#writeFailure = undefined;
    if (failed === undefined || failed.error !== error || !failed.layer.hasStandIn) return false;
    if (failed.layer.standing !== error || this.#layers.length === 1) return false;
    return (await this.#lastGood()(failed.layer)) !== undefined;
  }

  async #watchLayer(layer: Layer, onChange: () => void): Promise<AsyncDisposable | undefined> {
    try {
      return await layer.source.watch(onChange);
    } catch (error) {
      const fields = { layer: layer.name, err: error };
      this.#options.log.warn(fields, 'the layer cannot be watched; it is only polled');
      return undefined;
    }
  }

  /** A layer that fails is looked at again however long the next poll is away. */
  #retryLater(): void {
    clearTimeout(this.#timer);
    const now = performance.now();
    // What is due is tried in this very look, unless something else, such as a hold, keeps it from that.
    const times = this.#layers.flatMap(({ retryAt = now }) => (retryAt > now ? [retryAt - now] : []));
    if (this.#onChange === undefined || times.length === 0) return;
    this.#timer = setTimeout(() => this.#onChange?.(), Math.min(...times)).unref();
  }

  /** Reads the published manifest once, and only if somebody needs it. */
  #lastGood(): LastGoodOf {
    let manifest: Promise<Manifest | undefined> | undefined;
    return async (layer) => {
      manifest ??= this.#options.published();
      return lastGoodOf(await manifest, layer);
    };
  }
}

type LastGoodOf = (layer: Layer) => Promise<LastGood | undefined>;

function describe({ name, mount, source }: Layer): string {
  return `${name}: ${source.description}${mount === '' ? '' : ` at ${mount}/`}`;
}

function countOf(good: LastGood | undefined): number {
  return good === undefined ? 0 : good.entries.length + good.shadowed.length;
}
