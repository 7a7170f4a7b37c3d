import { readdir } from 'node:fs/promises';
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import type { Target } from '../../src/reload/target.ts';
import { Crash } from '../support/crashing-fs.ts';
import { engineOn, generationNames, readSet, visibleNames } from '../support/engine-bench.ts';
import { MemorySource } from '../support/memory-source.ts';
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

const signal = new AbortController().signal;
type Files = Record<string, string>;

/** Opens the target and looks at the source until the engine has nothing left to do, or dies. */
async function live(target: string, source: MemorySource): Promise<void> {
  const engine = engineOn(target, source);
  await engine.open();
  await engine.look(signal);
  await engine.settle(signal);
}

test('a crash at any step leaves readers one whole set, and the next start finishes the job', async () => {
  const names = fc.constantFrom('a', 'b', 'c/x', 'c/y', 'd/e/f');
  const files = fc.dictionary(names, fc.constantFrom('1', '2', ''), { minKeys: 1 });
  const sets = fc.array(fc.record({ files, crashAt: fc.nat({ max: 60 }) }), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(sets, async (steps) => {
      const target = await temporaryDirectory();
      const source = new MemorySource();
      let visible: Files | undefined;
      for (const [index, step] of steps.entries()) {
        source.set(`r${index}`, step.files);
        await liveUntil(step.crashAt, target, source);
        const seen = await readSet(target);
        expect([visible, step.files]).toContainEqual(seen);
        visible = seen;
      }
      await live(target, source);
      const last = steps.at(-1)?.files ?? {};
      expect(await readSet(target)).toEqual(last);
      expect(await visibleNames(target)).toEqual(
        [...new Set(Object.keys(last).map((path) => path.split('/')[0]))].sort(),
      );
      expect(await generationNames(target)).toHaveLength(1);
      expect(await readdir(target)).not.toContain('..data_tmp');
    }),
    { numRuns: 150 },
  );
});

async function liveUntil(crashAt: number, target: string, source: MemorySource): Promise<void> {
  plan.remaining = crashAt;
  try {
    await live(target, source);
  } catch (error) {
    const causes = [error, error instanceof Error ? error.cause : undefined];
    if (!causes.some((cause) => cause instanceof Crash)) throw error;
  } finally {
    plan.remaining = Number.POSITIVE_INFINITY;
  }
}

test('a step that fails once in a process that lives on loses no set and no signal', async () => {
  const names = fc.constantFrom('a', 'b', 'c/x', 'd');
  const files = fc.dictionary(names, fc.constantFrom('1', '2'), { minKeys: 1 });
  const sets = fc.array(fc.record({ files, failAt: fc.nat({ max: 40 }) }), { minLength: 1, maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(sets, async (steps) => {
      const target = await temporaryDirectory();
      const source = new MemorySource();
      const told: (readonly [number, Files | undefined, readonly string[]])[] = [];
      const application: Target = {
        name: 'url1',
        identity: 'application',
        reload: async ({ sequence }) => {
          told.push([sequence, await readSet(target), await visibleNames(target)]);
          return { class: 'accepted' };
        },
      };
      await using engine = engineOn(target, source, { targets: [application] });
      plan.isPassing = true;
      try {
        for (const [index, step] of steps.entries()) {
          source.set(`r${index}`, step.files);
          plan.remaining = step.failAt;
          await turn(engine);
          plan.remaining = Number.POSITIVE_INFINITY;
          await vi.waitFor(async () => {
            await turn(engine);
            expect(engine.state?.good?.sequence).toBe(engine.state?.published?.sequence);
            expect(await readSet(target)).toEqual(step.files);
          });
          const [sequence, set, visible] = told.at(-1) ?? [];
          expect(sequence).toBe(engine.state?.published?.sequence);
          expect(set).toEqual(step.files);
          expect(visible).toEqual(
            [...new Set(Object.keys(step.files).map((path) => path.split('/')[0]))].sort(),
          );
        }
      } finally {
        plan.remaining = Number.POSITIVE_INFINITY;
        plan.isPassing = false;
      }
    }),
    { numRuns: 60 },
  );
});

/** What the loop does in one turn; what fails is tried again in the next. */
async function turn(engine: ReturnType<typeof engineOn>): Promise<void> {
  try {
    await engine.open();
    await engine.settle(signal).catch(() => undefined);
    await engine.look(signal);
  } catch (error) {
    if (!(await engine.noteFailure(error, signal))) throw error;
  }
}

test('the crashing file system fails for good from the chosen step on', async () => {
  const fs = await import('node:fs/promises');
  const target = await temporaryDirectory();
  plan.remaining = 1;
  try {
    await fs.mkdir(`${target}/a`);
    await expect(fs.mkdir(`${target}/b`)).rejects.toThrow(Crash);
    await expect(fs.rm(`${target}/a`)).rejects.toThrow(Crash);
  } finally {
    plan.remaining = Number.POSITIVE_INFINITY;
  }
});
