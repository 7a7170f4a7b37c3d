import { lstatSync } from 'node:fs';
import { readdir, readFile, readlink, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import type { Engine } from '../../src/engine/engine.ts';
import { type Observer, silentObserver } from '../../src/engine/observer.ts';
import type { EngineOptions } from '../../src/engine/options.ts';
import type { Parts } from '../../src/engine/parts.ts';
import type { ReloadContext, Target } from '../../src/reload/target.ts';
import { MemorySource } from './memory-source.ts';
import { engineIn, type Mode, rootIn } from './publish-modes.ts';
import { RecordingLog } from './recording-log.ts';
import { temporaryDirectory } from './temporary.ts';

export interface Told {
  readonly sequence: number;
  readonly changed: readonly string[] | undefined;
  /** What a reader saw at that moment. */
  readonly set: Record<string, string> | undefined;
}

export interface DriftBenchOptions {
  readonly mode?: Mode;
  readonly parts?: Partial<Parts>;
  readonly engine?: Partial<EngineOptions>;
}

/** An engine that repairs, and an application that takes note of what it is told. */
export async function driftBench({ mode = 'symlink', parts, engine: more }: DriftBenchOptions = {}) {
  const target = await temporaryDirectory();
  const source = new MemorySource();
  const told: Told[] = [];
  const reads = () => readSetIn(mode, target).catch(() => undefined);
  const application: Target = {
    name: 'url1',
    identity: 'application',
    reload: async ({ sequence, changed }: ReloadContext) => {
      told.push({ sequence, changed, set: await reads() });
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
  onTestFinished(() => ending.abort());
  const { signal } = ending;
  const newEngine = (extra: Partial<Parts> = {}, options: Partial<EngineOptions> = {}): Engine => {
    const all = { targets: [application], ...parts, ...extra };
    const own = { drift: 'repair', log, observer, ending: signal, ...more, ...options } as const;
    const engine = engineIn(mode, target, source, all, 60_000, own);
    onTestFinished(() => engine[Symbol.asyncDispose]());
    return engine;
  };
  const start = async (extra: Partial<Parts> = {}): Promise<Engine> => {
    const engine = newEngine(extra);
    await engine.open();
    await engine.start();
    return engine;
  };
  return { mode, target, source, told, log, newEngine, start, signal, reads, repairs: () => repairs };
}

/** Those of which a loop is in the midst of a turn: what is due is taken off the agenda before it is looked at. */
const inTurn = new WeakSet<Engine>();

/**
 * As the loop does, but only what is due by itself: the source is looked at when the engine asks for it, or the test by what
 * this returns.
 */
export function turning(engine: Engine): () => Promise<void> {
  const ending = new AbortController();
  const { signal } = ending;
  let wanted: PromiseWithResolvers<void> | undefined;
  const turn = async () => {
    while (!signal.aborted) {
      inTurn.add(engine);
      await engine.settle(signal);
      const asked = wanted;
      if (asked !== undefined || engine.quietAt <= performance.now())
        await engine.look(signal).catch(() => undefined);
      if (asked !== undefined) wanted = undefined;
      asked?.resolve();
      const { driftAt, quietAt, collectAt } = engine;
      inTurn.delete(engine);
      await engine.alarm.wait(Math.min(driftAt, quietAt, collectAt) - performance.now(), signal);
    }
  };
  const turned = turn().catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
  onTestFinished(async () => {
    ending.abort();
    await turned;
  });
  return () => {
    wanted ??= Promise.withResolvers<void>();
    engine.alarm.ring();
    return wanted.promise;
  };
}

/** Waits until all was checked, and is watched. */
export async function isWatched(engine: Engine): Promise<void> {
  const nextLook = () => (inTurn.has(engine) ? 0 : engine.driftAt);
  await expect.poll(nextLook, { timeout: 20_000 }).toBeGreaterThan(performance.now() + 60_000);
}

/** Where the files of the published set really are. */
export function realRoot(mode: Mode, target: string): Promise<string> {
  return realpath(mode === 'symlink' ? join(target, '..data') : rootIn(mode, target));
}

/** What is there, without Wherry's own: path → content, links as `-> target`. */
async function readSetIn(mode: Mode, target: string): Promise<Record<string, string>> {
  const root = await realRoot(mode, target);
  const found: Record<string, string> = {};
  const own = /^\.\.|^\.wherry/;
  const read = async (below: string) => {
    for (const name of await readdir(join(root, below))) {
      if (below === '' && own.test(name)) continue;
      const path = below === '' ? name : `${below}/${name}`;
      const stat = lstatSync(join(root, path));
      if (stat.isDirectory()) await read(path);
      else if (stat.isSymbolicLink()) found[path] = `-> ${await readlink(join(root, path))}`;
      else found[path] = await readFile(join(root, path), 'utf8');
    }
  };
  await read('');
  return found;
}
