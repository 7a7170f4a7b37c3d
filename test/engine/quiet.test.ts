import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { waitForQuiet } from '../../src/engine/quiet.ts';
import type { Revision } from '../../src/snapshot/entry.ts';
import { engineOn, readSet } from '../support/engine-bench.ts';
import { MemorySource } from '../support/memory-source.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const limits = { debounce: 100, max: 400 };
const { signal } = new AbortController();

test('a change is followed after the quiet time, counted from its last revision', () => {
  const first = waitForQuiet(undefined, 'a' as Revision, 0, limits);
  expect(first.until).toBe(100);
  expect(waitForQuiet(first, 'a' as Revision, 50, limits)).toBe(first);
  expect(waitForQuiet(first, 'b' as Revision, 60, limits)).toEqual({ revision: 'b', since: 0, until: 160 });
});

test('a row of changes without an end is followed at the latest after the maximum', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 99 }), { minLength: 1 }), (gaps) => {
      let now = 0;
      let waiting = waitForQuiet(undefined, '0' as Revision, now, limits);
      for (const [index, gap] of gaps.entries()) {
        now += gap;
        if (now >= waiting.until) break;
        waiting = waitForQuiet(waiting, String(index + 1) as Revision, now, limits);
        expect(waiting.until).toBeLessThanOrEqual(400);
        expect(waiting.until).toBeLessThanOrEqual(now + 100);
      }
    }),
  );
});

async function benchWithDebounce() {
  const target = await temporaryDirectory();
  const source = new MemorySource();
  const engine = engineOn(target, source, { debounce: 60_000, debounceMax: 60_000 });
  onTestFinished(() => engine[Symbol.asyncDispose]());
  await engine.open();
  source.set('r1', { a: '1' });
  await engine.look(signal);
  return { target, source, engine };
}

test('the first set of all does not wait', async () => {
  const { target } = await benchWithDebounce();
  expect(await readSet(target)).toEqual({ a: '1' });
});

test('a change waits, and one that is taken back leaves nothing to wait for', async () => {
  const { target, source, engine } = await benchWithDebounce();
  source.set('r2', { a: '2' });
  await engine.look(signal);
  expect(await readSet(target)).toEqual({ a: '1' });
  expect(engine.quietAt).toBeGreaterThan(performance.now());
  source.set('r1', { a: '1' });
  await engine.look(signal);
  expect(engine.quietAt).toBe(Number.POSITIVE_INFINITY);
});

test('nothing is waited for while a person holds', async () => {
  const { source, engine } = await benchWithDebounce();
  source.set('r2', { a: '2' });
  await engine.look(signal);
  await engine.ask({ action: 'hold', id: 'one' });
  await engine.look(signal);
  expect(engine.quietAt).toBe(Number.POSITIVE_INFINITY);
});
