import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { Engine } from '../../src/engine/engine.ts';
import { Loop } from '../../src/engine/loop.ts';
import type { Request } from '../../src/engine/machine/request.ts';
import type { RequestBox } from '../../src/engine/request-box.ts';
import { UnreachableError } from '../../src/failure/failure.ts';
import type { Log } from '../../src/platform/log.ts';
import type { Revision } from '../../src/snapshot/entry.ts';
import { engineOn, readSet } from '../support/engine-bench.ts';
import { MemorySource } from '../support/memory-source.ts';
import { temporaryDirectory } from '../support/temporary.ts';

function loopOn(
  engine: Engine,
  requests: RequestBox = { take: async () => [], done: async () => undefined },
): {
  readonly loop: Loop;
  readonly warnings: string[];
  /** Of each warning, how many failures there were in a row. */
  readonly failures: unknown[];
  readonly end: () => Promise<unknown>;
} {
  const warnings: string[] = [];
  const failures: unknown[] = [];
  const log: Log = {
    trace: () => undefined,
    debug: () => undefined,
    info: () => undefined,
    warn: (fields: { readonly failures?: unknown }, message) => {
      warnings.push(message);
      failures.push(fields.failures);
    },
    error: () => undefined,
  };
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
  return { loop, warnings, failures, end };
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

test('what fails after a publish is tried again soon, whatever failed before it', async () => {
  const source = new MemorySource();
  const engine = engineOn(await temporaryDirectory(), source, { pollInterval: 10 });
  const look = engine.look.bind(engine);
  let round = 0;
  vi.spyOn(engine, 'look').mockImplementation(async (signal) => {
    round += 1;
    if (round <= 6) source.set(`r${round}`, { a: String(round) });
    await look(signal);
    throw new UnreachableError({ problem: 'down' });
  });
  const { failures } = loopOn(engine);
  await expect.poll(() => failures.slice(0, 8)).toEqual([1, 1, 1, 1, 1, 1, 2, 3]);
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

test('a loop that waits for a source to come back turns, whatever was to be done before', async () => {
  const target = await temporaryDirectory();
  const source = new MemorySource();
  source.set('r1', { a: '1' });
  const engine = engineOn(target, source, { pollInterval: 30_000, debounce: 100, debounceMax: 400 });
  const { loop, warnings } = loopOn(engine);
  await expect.poll(() => readSet(target)).toEqual({ a: '1' });
  source.set('r2', { a: '2' });
  loop.wake();
  await expect.poll(() => Number.isFinite(engine.quietAt)).toBe(true);
  source.failure = new UnreachableError({ problem: 'down' });
  await expect.poll(() => warnings).toEqual(['down']);
  const now = performance.now.bind(performance);
  const later = vi.spyOn(performance, 'now').mockImplementation(() => now() + 62_000);
  onTestFinished(() => later.mockRestore());
  expect(engine.quietAt).toBeLessThan(performance.now() - 60_000);
  await expect.poll(() => loop.isTurning()).toBe(true);
});

test('a failure from before a restart is over when the source answers', async () => {
  const target = await temporaryDirectory();
  const source = new MemorySource();
  source.set('r1', { a: '1' });
  const before = engineOn(target, source);
  await before.open();
  await before.look(new AbortController().signal);
  await before.noteFailure(new UnreachableError({ problem: 'down' }), new AbortController().signal);
  await before[Symbol.asyncDispose]();
  const engine = engineOn(target, source);
  loopOn(engine);
  await expect.poll(() => engine.state?.lastSync?.result).toBe('equal');
  expect(engine.state?.lastFailure).toBeUndefined();
});

test('what a person asked for, and the source does not have, is tried once and then with backoff', async () => {
  const target = await temporaryDirectory();
  const source = new MemorySource();
  source.set('r1', { a: '1' });
  const asked: Request[] = [];
  const requests: RequestBox = { take: async () => asked.splice(0), done: async () => undefined };
  const { loop, warnings } = loopOn(engineOn(target, source, { pollInterval: 30_000 }), requests);
  await expect.poll(() => readSet(target)).toEqual({ a: '1' });
  asked.push({ id: 'one', action: 'pin', revision: 'nothing' as Revision });
  loop.wake();
  await expect.poll(() => warnings.filter((line) => line.includes('nothing'))).toHaveLength(2);
  await new Promise((resolve) => setTimeout(resolve, 400));
  // Of the request, and of the look that it led to.
  expect(warnings.filter((line) => line.includes('nothing'))).toHaveLength(2);
});
