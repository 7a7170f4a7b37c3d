import { onTestFinished } from 'vitest';
import type { Engine } from '../../src/engine/engine.ts';
import { type Observer, silentObserver } from '../../src/engine/observer.ts';
import type { EngineOptions } from '../../src/engine/options.ts';
import type { Parts } from '../../src/engine/parts.ts';
import type { ReloadContext, Target } from '../../src/reload/target.ts';
import { engineOn, readSet } from './engine-bench.ts';
import { MemorySource } from './memory-source.ts';
import { RecordingLog } from './recording-log.ts';
import { temporaryDirectory } from './temporary.ts';

export interface Told {
  readonly sequence: number;
  readonly changed: readonly string[] | undefined;
  /** What a reader saw at that moment. */
  readonly set: Record<string, string> | undefined;
}

/** An engine that repairs, the loop that turns it, and an application that takes note of what it is told. */
export async function driftBench(parts: Partial<Parts> = {}, more: Partial<EngineOptions> = {}) {
  const target = await temporaryDirectory();
  const source = new MemorySource();
  const told: Told[] = [];
  const application: Target = {
    name: 'url1',
    identity: 'application',
    reload: async ({ sequence, changed }: ReloadContext) => {
      told.push({ sequence, changed, set: await readSet(target).catch(() => undefined) });
      return { class: 'accepted' };
    },
  };
  const log = new RecordingLog();
  let repairs = 0;
  const observer: Observer = {
    ...silentObserver,
    driftRepaired: (count) => {
      repairs += count;
    },
  };
  const ending = new AbortController();
  const { signal } = ending;
  const start = async (extra: Partial<Parts> = {}): Promise<Engine> => {
    const all = { targets: [application], ...parts, ...extra };
    const options = { drift: 'repair', log, observer, ending: signal, ...more } as const;
    const engine = engineOn(target, source, all, { retain: 60_000 }, options);
    onTestFinished(() => engine[Symbol.asyncDispose]());
    await engine.open();
    await engine.start();
    return engine;
  };
  onTestFinished(() => ending.abort());
  return { target, source, told, log, start, signal, repairs: () => repairs };
}

/** As the loop does, but only what is due by itself: the source is looked at when the engine asks for it. */
export function turning(engine: Engine): void {
  const ending = new AbortController();
  const turn = async () => {
    while (!ending.signal.aborted) {
      await engine.settle(ending.signal);
      if (engine.quietAt <= performance.now()) await engine.look(ending.signal).catch(() => undefined);
      const { driftAt, quietAt, collectAt } = engine;
      await engine.alarm.wait(Math.min(driftAt, quietAt, collectAt) - performance.now(), ending.signal);
    }
  };
  const turned = turn();
  onTestFinished(async () => {
    ending.abort();
    await turned.catch((error: unknown) => {
      if (!ending.signal.aborted) throw error;
    });
  });
}
