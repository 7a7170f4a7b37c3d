import { readlinkSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { driftBench, isWatched, turning } from '../../support/drift-bench.ts';

async function published() {
  const bench = await driftBench();
  const engine = await bench.start();
  bench.source.set('r1', { a: 'one', b: 'two' });
  await engine.look(bench.signal);
  await expect.poll(() => engine.state?.good?.sequence).toBe(1);
  turning(engine);
  await isWatched(engine);
  const generation = join(bench.target, readlinkSync(join(bench.target, '..data')));
  return { ...bench, engine, generation };
}

/** Does it again and again, until the test is over. */
function always(act: () => void): void {
  const timer = setInterval(() => {
    try {
      act();
    } catch {}
  }, 20);
  onTestFinished(() => clearInterval(timer));
}

test('something that writes a file again and again does not make a fight', { timeout: 30_000 }, async () => {
  const { generation, engine, repairs, log, told } = await published();
  const path = join(generation, 'a');
  let count = 0;
  always(() => {
    count += 1;
    writeFileSync(path, `mine ${count}`);
  });
  await expect.poll(repairs, { timeout: 20_000 }).toBe(3);
  await expect.poll(() => engine.drift?.contested).toMatchObject({ path: 'a', paths: 1 });
  expect(Date.parse(engine.drift?.contested?.nextTryAt ?? '')).toBeGreaterThan(Date.now() + 20_000);
  const before = count;
  await expect.poll(() => count).toBeGreaterThan(before + 50);
  expect(repairs()).toBe(3);
  expect(told.length).toBeLessThanOrEqual(4);
  const errors = log.of('error');
  expect(errors).toHaveLength(1);
  expect(errors[0]?.message).toMatch(/something else keeps writing a: .*readOnly.*WHERRY_DRIFT=ignore/);
});

test('what is contested does not keep another file from being put back at once', {
  timeout: 30_000,
}, async () => {
  const { generation, repairs } = await published();
  always(() => writeFileSync(join(generation, 'a'), 'mine'));
  await expect.poll(repairs, { timeout: 20_000 }).toBe(3);
  await rm(join(generation, 'b'));
  await expect.poll(repairs, { timeout: 5000 }).toBe(4);
});

test('another that turns ..data again and again makes no fight either', { timeout: 30_000 }, async () => {
  const { target, engine, repairs, log } = await published();
  const link = join(target, '..data');
  let count = 0;
  always(() => {
    count += 1;
    unlinkSync(link);
    symlinkSync('..elsewhere', link);
  });
  await expect.poll(repairs, { timeout: 20_000 }).toBe(3);
  const before = count;
  await expect.poll(() => count).toBeGreaterThan(before + 50);
  expect(repairs()).toBe(3);
  expect(engine.drift?.contested?.path).toBe('the links in the target');
  expect(log.of('error').map(({ message }) => message)).toEqual([
    expect.stringMatching(/something else keeps writing the links in the target/),
  ]);
});
