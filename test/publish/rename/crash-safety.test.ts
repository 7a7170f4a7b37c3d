import { mkdir, readdir, readlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import type { Engine } from '../../../src/engine/engine.ts';
import type { Target } from '../../../src/reload/target.ts';
import { Crash } from '../../support/crashing-fs.ts';
import { MemorySource } from '../../support/memory-source.ts';
import { newVolume, renameEngineOn, signal, treeOf, type Volume } from '../../support/rename-bench.ts';

const { plan } = await vi.hoisted(async () => {
  const { CrashPlan } = await import('../../support/crashing-fs.ts');
  return { plan: new CrashPlan() };
});

vi.mock('node:fs/promises', async (load) => {
  const { crashing } = await import('../../support/crashing-fs.ts');
  return crashing(await load(), plan);
});

vi.mock('node:fs', async (load) => {
  const { crashingSync } = await import('../../support/crashing-fs.ts');
  return crashingSync(await load(), plan);
});

type Files = Readonly<Record<string, string>>;

/** What is not Wherry's, beside the set and in the midst of it. */
const foreignFiles: Files = { 'note.txt': 'mine', 'd/note.txt': 'mine' };

const paths = fc.constantFrom('a', 'b', 'c', 'c/x', 'c/y', 'd/e', 'd/e/f', 'd/g', 'h/i/j', 'h/i');
const contents = fc.constantFrom('1', '2', '');

/** Sets in which one name is a file here and a directory there, though never both at once. */
const sets = fc
  .dictionary(paths, contents, { minKeys: 1 })
  .map((files) =>
    Object.fromEntries(
      Object.entries(files).filter(
        ([path]) => !Object.keys(files).some((other) => other.startsWith(`${path}/`)),
      ),
    ),
  );

async function volumeWith(foreign: Files): Promise<Volume> {
  const volume = await newVolume();
  if (Object.keys(foreign).length > 0) await mkdir(join(volume.target, 'd'));
  for (const [path, content] of Object.entries(foreign)) await writeFile(join(volume.target, path), content);
  return volume;
}

/** Opens the target and looks at the source until the engine has nothing left to do, or dies. */
async function live(volume: Volume, source: MemorySource): Promise<void> {
  const engine = renameEngineOn(volume, source);
  await engine.open();
  await engine.look(signal);
  await engine.settle(signal);
}

async function liveUntil(crashAt: number, volume: Volume, source: MemorySource): Promise<void> {
  plan.remaining = crashAt;
  try {
    await live(volume, source);
  } catch (error) {
    const causes = [error, error instanceof Error ? error.cause : undefined];
    if (!causes.some((cause) => cause instanceof Crash)) throw error;
  } finally {
    await plan.settled();
    plan.remaining = Number.POSITIVE_INFINITY;
  }
}

/** Every file is as one of these sets has it, and there if all of them have it. */
function expectMixture(seen: Files, mixed: readonly Files[]): void {
  for (const [path, content] of Object.entries(seen)) {
    if (path.endsWith('/') || path.startsWith('..')) continue;
    expect(
      mixed.map((files) => files[path]),
      path,
    ).toContain(content);
  }
  const [first = {}] = mixed;
  const everywhere = Object.keys(first).filter((path) => mixed.every((files) => path in files));
  expect(Object.keys(seen)).toEqual(expect.arrayContaining(everywhere));
}

async function expectOnly(volume: Volume, files: Files): Promise<void> {
  expect(await treeOf(volume.target)).toEqual(files);
  const current = await readlink(join(volume.workshop, 'current'));
  expect((await readdir(volume.workshop)).toSorted()).toEqual(['..target', current, 'current'].toSorted());
  const rest = (await readdir(join(volume.workshop, current))).filter((name) => name !== '..ledger.json');
  expect(rest).toEqual(['.wherry.json']);
}

test('a crash at any step leaves every file whole, and the next start finishes the job', async () => {
  const steps = fc.array(fc.record({ files: sets, crashAt: fc.nat({ max: 90 }) }), {
    minLength: 1,
    maxLength: 4,
  });
  await fc.assert(
    fc.asyncProperty(steps, fc.constantFrom({}, foreignFiles), async (course, foreign) => {
      const volume = await volumeWith(foreign);
      const source = new MemorySource();
      /** Sets that a journal may name. */
      let begun: readonly Files[] = [];
      for (const [index, { files, crashAt }] of course.entries()) {
        const before = await treeOf(volume.target);
        source.set(`r${index}`, files);
        await liveUntil(crashAt, volume, source);
        // What was begun before is finished first.
        begun = [...begun, { ...files, ...foreign }];
        expectMixture(await treeOf(volume.target), [before, ...begun]);
        const isBegun = (await readdir(volume.workshop).catch((): string[] => [])).includes('next');
        if (!isBegun) begun = [];
      }
      await live(volume, source);
      await expectOnly(volume, { ...course.at(-1)?.files, ...foreign });
    }),
    { numRuns: 80 },
  );
});

test('a step that fails once in a process that lives on loses no set and no signal', async () => {
  const steps = fc.array(fc.record({ files: sets, failAt: fc.nat({ max: 60 }) }), {
    minLength: 1,
    maxLength: 3,
  });
  await fc.assert(
    fc.asyncProperty(steps, fc.constantFrom({}, foreignFiles), async (course, foreign) => {
      const volume = await volumeWith(foreign);
      const source = new MemorySource();
      const told: (readonly [number, Files])[] = [];
      const application: Target = {
        name: 'url1',
        identity: 'application',
        reload: async ({ sequence }) => {
          told.push([sequence, await treeOf(volume.target)]);
          return { class: 'accepted' };
        },
      };
      await using engine = renameEngineOn(volume, source, {}, { targets: [application] });
      plan.isPassing = true;
      try {
        for (const [index, { files, failAt }] of course.entries()) {
          source.set(`r${index}`, files);
          plan.remaining = failAt;
          await turn(engine);
          plan.remaining = Number.POSITIVE_INFINITY;
          await vi.waitFor(
            async () => {
              await turn(engine);
              expect(engine.state?.published).toBeDefined();
              expect(engine.state?.good?.sequence).toBe(engine.state?.published?.sequence);
              expect(await treeOf(volume.target)).toEqual({ ...files, ...foreign });
            },
            { timeout: 10_000 },
          );
          expect(told.at(-1)).toEqual([engine.state?.published?.sequence, { ...files, ...foreign }]);
        }
      } finally {
        plan.remaining = Number.POSITIVE_INFINITY;
        plan.isPassing = false;
      }
    }),
    { numRuns: 30 },
  );
}, 120_000);

/** What the loop does in one turn; what fails is tried again in the next. */
async function turn(engine: Engine): Promise<void> {
  try {
    await engine.open();
    await engine.settle(signal).catch(() => undefined);
    await engine.look(signal);
  } catch (error) {
    if (!(await engine.noteFailure(error, signal))) throw error;
  }
}
