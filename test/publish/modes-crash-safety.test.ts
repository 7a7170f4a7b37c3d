import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { Crash } from '../support/crashing-fs.ts';
import { MemorySource } from '../support/memory-source.ts';
import { changesOfMode, engineIn, type Mode, modes, readAll, rootIn } from '../support/publish-modes.ts';
import { expectOnlyIn } from '../support/target-content.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const { plan } = await vi.hoisted(async () => {
  const { CrashPlan } = await import('../support/crashing-fs.ts');
  return { plan: new CrashPlan() };
});

vi.mock('node:fs/promises', async (load) => {
  const { crashing } = await import('../support/crashing-fs.ts');
  return crashing(await load(), plan);
});

vi.mock('node:fs', async (load) => {
  const { crashingSync } = await import('../support/crashing-fs.ts');
  return crashingSync(await load(), plan);
});

const { signal } = new AbortController();
type Files = Record<string, string>;

/** Every step is tried in CI; here some of them, others each time. */
const stride = process.env['CI'] === undefined ? 4 : 1;

/** Starts in a mode and does what the loop does in its first turns, or dies. */
async function live(mode: Mode, target: string, source: MemorySource): Promise<void> {
  const engine = engineIn(mode, target, source);
  await engine.open();
  await engine.start();
  await engine.settle(signal);
  await engine.look(signal);
  await engine.settle(signal);
}

/** Whether it died. */
async function liveUntil(
  crashAt: number,
  mode: Mode,
  target: string,
  source: MemorySource,
): Promise<boolean> {
  plan.remaining = crashAt;
  try {
    await live(mode, target, source);
    return false;
  } catch (error) {
    const causes = [error, error instanceof Error ? error.cause : undefined];
    if (!causes.some((cause) => cause instanceof Crash)) throw error;
    return true;
  } finally {
    await plan.settled();
    plan.remaining = Number.POSITIVE_INFINITY;
  }
}

const files: Files = { 'app.yaml': '1', 'conf.d/a': 'a', 'conf.d/deep/b': 'b', current: 'c', 'z/d': 'd' };

test.each(changesOfMode)(
  'from %s to %s a kill at any step leaves every file to be found, and the next start finishes it',
  { timeout: 600_000 },
  async (from, to) => {
    let steps = 0;
    for (let crashAt = Math.floor(Math.random() * stride); ; crashAt += stride) {
      const { target, source, died } = await changedUntil(crashAt, from, to);
      await expectFound(from, to, target);
      await live(to, target, source);
      await expectOnlyIn(to, target, files);
      if (!died) break;
      steps += 1;
    }
    expect(steps).toBeGreaterThan(20 / stride);
    console.log(`${from} → ${to}: killed at ${steps} steps`);
  },
);

test.each(changesOfMode)(
  'from %s to %s and, after a kill at any step, back again, nothing is lost',
  { timeout: 600_000 },
  async (from, to) => {
    for (let crashAt = Math.floor(Math.random() * stride); ; crashAt += stride) {
      const { target, source, died } = await changedUntil(crashAt, from, to);
      await live(from, target, source);
      await expectOnlyIn(from, target, files);
      if (!died) break;
    }
  },
);

/** A set of one mode, and a start in another that is killed there, if it gets so far. */
async function changedUntil(crashAt: number, from: Mode, to: Mode) {
  const target = await temporaryDirectory();
  const source = new MemorySource();
  source.set('r1', files);
  await live(from, target, source);
  return { target, source, died: await liveUntil(crashAt, to, target, source) };
}

/** By its old name, by its new one, or, where both are the same and a directory gives way, behind `..data`. */
async function expectFound(from: Mode, to: Mode, target: string): Promise<void> {
  const roots = [rootIn(from, target), rootIn(to, target), join(target, '..data')];
  const contents = await Promise.all(
    Object.entries(files).map(async ([path, content]) => {
      const found = await Promise.all(roots.map((root) => readFile(join(root, path), 'utf8').catch(String)));
      return found.includes(content) ? '' : `${path}: ${found.join(', ')}`;
    }),
  );
  expect(contents.filter((text) => text !== '')).toEqual([]);
}

test('kills at any step and another mode at each start lose nothing', { timeout: 600_000 }, async () => {
  const names = fc.constantFrom('a', 'b', 'c/x', 'c/y', 'current', 'live/z', 'd/e/f');
  const set = fc.dictionary(names, fc.constantFrom('1', '2', ''), { minKeys: 1 });
  const step = fc.record({ files: set, mode: fc.constantFrom(...modes), crashAt: fc.nat({ max: 90 }) });
  let deaths = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 6 }), async (steps) => {
      const target = await temporaryDirectory();
      const source = new MemorySource();
      for (const [index, { files: next, mode, crashAt }] of steps.entries()) {
        source.set(`r${index}`, next);
        if (await liveUntil(crashAt, mode, target, source)) deaths += 1;
        else expect(await readAll(rootIn(mode, target))).toEqual(next);
      }
      const { mode, files: last } = steps.at(-1) ?? { mode: 'symlink', files: {} };
      await live(mode, target, source);
      await expectOnlyIn(mode, target, last);
    }),
    { numRuns: process.env['CI'] === undefined ? 60 : 150 },
  );
  console.log(`${deaths} kills`);
});
