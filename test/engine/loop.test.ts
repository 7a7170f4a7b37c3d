import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Engine } from '../../src/engine/engine.ts';
import { Loop } from '../../src/engine/loop.ts';
import type { RequestBox } from '../../src/engine/request-box.ts';
import type { Log } from '../../src/platform/log.ts';
import { engineOn, readSet } from '../support/engine-bench.ts';
import { MemorySource } from '../support/memory-source.ts';
import { temporaryDirectory } from '../support/temporary.ts';

function loopOn(engine: Engine): {
  readonly loop: Loop;
  readonly warnings: string[];
  readonly end: () => Promise<unknown>;
} {
  const warnings: string[] = [];
  const log: Log = {
    trace: () => undefined,
    debug: () => undefined,
    info: () => undefined,
    warn: (_fields, message) => warnings.push(message),
    error: () => undefined,
  };
  const requests: RequestBox = { take: async () => [], done: async () => undefined };
  const nothing = async () => undefined;
  const loop = new Loop({ engine, refresh: nothing, requests, afterTurn: nothing, log });
  const stop = new AbortController();
  const run = loop.run(stop.signal);
  const end = () => {
    stop.abort();
    return run;
  };
  onTestFinished(async () => {
    await end();
    await engine[Symbol.asyncDispose]();
  });
  return { loop, warnings, end };
}

test('a target that cannot be had is tried again with backoff, not at once', async () => {
  const target = join(await temporaryDirectory(), 'config');
  await writeFile(target, 'a file is in the way');
  const source = new MemorySource();
  source.set('r1', { a: '1' });
  const { warnings } = loopOn(engineOn(target, source, { pollInterval: 30_000 }));
  await new Promise((resolve) => setTimeout(resolve, 400));
  expect(warnings).toHaveLength(1);
  await rm(target);
  await mkdir(target);
  await expect.poll(() => readSet(target)).toEqual({ a: '1' });
});

test('a wake-up makes the next look happen now, also one that comes during a look', async () => {
  const target = await temporaryDirectory();
  const source = new MemorySource();
  source.set('r1', { a: '1' });
  const { loop } = loopOn(engineOn(target, source, { pollInterval: 0 }));
  await expect.poll(() => readSet(target)).toEqual({ a: '1' });
  const before = source.probes;
  source.set('r2', { a: '2' });
  loop.wake();
  loop.wake();
  await expect.poll(() => readSet(target)).toEqual({ a: '2' });
  expect(source.probes - before).toBeLessThanOrEqual(2);
  expect(loop.untilNextPoll()).toBeUndefined();
  expect(loop.isTurning()).toBe(true);
});

test('an idle loop looks no more often than its interval says', async () => {
  const target = await temporaryDirectory();
  const source = new MemorySource();
  source.set('r1', { a: '1' });
  loopOn(engineOn(target, source, { pollInterval: 100 }));
  await expect.poll(() => source.probes).toBeGreaterThan(0);
  const started = source.probes;
  await new Promise((resolve) => setTimeout(resolve, 1000));
  expect(source.probes - started).toBeLessThanOrEqual(11);
});
