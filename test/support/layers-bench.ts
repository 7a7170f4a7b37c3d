import { onTestFinished, vi } from 'vitest';
import type { Engine } from '../../src/engine/engine.ts';
import { type Observer, silentObserver } from '../../src/engine/observer.ts';
import type { EngineOptions } from '../../src/engine/options.ts';
import type { Parts } from '../../src/engine/parts.ts';
import { readManifest } from '../../src/publish/manifest.ts';
import type { PublisherOptions } from '../../src/publish/publisher.ts';
import type { Target } from '../../src/reload/target.ts';
import type { Revision } from '../../src/snapshot/entry.ts';
import { splitRevisions } from '../../src/snapshot/layer-revisions.ts';
import { Layer, type LayerOptions } from '../../src/sources/layers/layer.ts';
import { LayeredSource } from '../../src/sources/layers/layered-source.ts';
import type { Probe } from '../../src/sources/source.ts';
import { engineOn, readSet } from './engine-bench.ts';
import { MemorySource } from './memory-source.ts';
import { RecordingLog } from './recording-log.ts';
import { temporaryDirectory } from './temporary.ts';

export interface BenchLayer extends Partial<LayerOptions> {
  readonly name: string;
}

/** A source that can list what it then cannot write. */
export class MemoryLayer extends MemorySource {
  writeFailure: Error | undefined;
  /** It takes the connection, and never answers. */
  hangs = false;
  snapshots = 0;

  override async probe(...given: Parameters<MemorySource['probe']>): Promise<Probe> {
    const [, signal] = given;
    if (!this.hangs) return super.probe(...given);
    this.probes += 1;
    return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  }

  override async snapshot(...given: Parameters<MemorySource['snapshot']>) {
    this.snapshots += 1;
    return super.snapshot(...given);
  }

  override async write(...given: Parameters<MemorySource['write']>): Promise<void> {
    if (this.writeFailure !== undefined) throw this.writeFailure;
    return super.write(...given);
  }
}

/** An engine that keeps a target true to layers, each a source whose states a test sets. */
export async function layersBench(layers: readonly BenchLayer[], existing?: string) {
  const target = existing ?? (await temporaryDirectory());
  const log = new RecordingLog();
  const sources = new Map(layers.map(({ name }) => [name, new MemoryLayer()]));
  const of = (name: string): MemoryLayer => {
    const source = sources.get(name);
    if (source === undefined) throw new Error(`no layer ${name}`);
    return source;
  };
  const manifest = () => readManifest(`${target}/..data`);
  const createSource = (revision?: Revision): LayeredSource => {
    const fixed = revision === undefined ? undefined : splitRevisions(revision);
    const made = layers.map((layer) => {
      const at = fixed?.get(layer.name);
      const source = of(layer.name);
      return new Layer({
        mount: '',
        skipsLinks: false,
        refusesCollapse: false,
        syncTimeout: 60_000,
        log,
        source: at === undefined ? source : source.at(at),
        hasStandIn: at === undefined,
        ...layer,
      });
    });
    return new LayeredSource({ layers: made, published: manifest, log });
  };
  const polls: string[] = [];
  const observer: Observer = {
    ...silentObserver,
    polled: (layer, result) => polls.push(`${layer} ${result}`),
  };
  const reloads: number[] = [];
  const application: Target = {
    name: 'url1',
    identity: 'application',
    reload: async ({ sequence }) => {
      reloads.push(sequence);
      return { class: 'accepted' };
    },
  };
  const start = async (
    parts: Partial<Parts> = {},
    changes: Partial<PublisherOptions> = {},
    more: Partial<EngineOptions> = {},
  ): Promise<Engine> => {
    const all = { createSource, targets: [application], ...parts };
    const engine = engineOn(
      target,
      new MemorySource(),
      all,
      { retain: 60_000, ...changes },
      { log, observer, ...more },
    );
    onTestFinished(() => engine[Symbol.asyncDispose]());
    await engine.open();
    await engine.start();
    return engine;
  };
  return { target, log, of, start, createSource, polls, reloads, manifest, shown: () => readSet(target) };
}

const { signal } = new AbortController();

/** As the loop does it: a failure is noted, and given back. */
export async function look(engine: Engine): Promise<string | undefined> {
  try {
    await engine.open();
    await engine.settle(signal);
    await engine.look(signal);
    await engine.noteRecovery(0);
    return undefined;
  } catch (error) {
    return (await engine.noteFailure(error, signal))?.message;
  }
}

/** From now on so many milliseconds have passed. */
export function passTime(milliseconds: number): void {
  const now = performance.now.bind(performance);
  vi.spyOn(performance, 'now').mockImplementation(() => now() + milliseconds);
  onTestFinished(() => void vi.restoreAllMocks());
}
