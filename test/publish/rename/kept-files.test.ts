import { existsSync } from 'node:fs';
import { readdir, readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RefusedError } from '../../../src/failure/failure.ts';
import type { Generation } from '../../../src/publish/generation.ts';
import { RenamePublisher } from '../../../src/publish/rename/rename-publisher.ts';
import type { Provenance, Revision } from '../../../src/snapshot/entry.ts';
import { MemorySource } from '../../support/memory-source.ts';
import { newVolume, signal, treeOf } from '../../support/rename-bench.ts';

type Files = Readonly<Record<string, string>>;

/** A publisher without an engine, so that a test says what is kept. */
async function keeping(retain = 0) {
  const volume = await newVolume();
  const options = { ...volume, retain, fileMode: 0o644, dirMode: 0o755, fsync: false };
  const publisher = new RenamePublisher({ ...options, maxBytes: 1024 ** 3, adopt: false });
  await publisher.open();
  let sequence = 0;
  const head = () => {
    sequence += 1;
    const provenance: Provenance = {};
    const revision = `r${sequence}` as Revision;
    return { source: 'memory', revision, provenance, sequence, publishedAt: new Date().toISOString() };
  };
  return {
    ...volume,
    publisher,
    collect: (...keep: readonly Generation[]) =>
      publisher.collect(sequence, new Set(keep.map(({ name }) => name))),
    publish: async (files: Files): Promise<Generation> => {
      const source = new MemorySource();
      source.set('r', files);
      const { entries } = await source.snapshot(signal);
      await using stage = await publisher.newStage();
      const current = await publisher.current();
      const missing = await publisher.fill(stage, { entries, current, isWhole: false });
      await source.write(missing, stage, signal);
      return await publisher.swap(stage, await stage.seal(head()), signal);
    },
    rollBackTo: async ({ name }: Generation): Promise<Generation> => {
      const generation = await publisher.generation(name);
      if (generation === undefined) throw new Error(`${name} is gone`);
      await using stage = await publisher.newStage();
      await publisher.copy(stage, generation, signal);
      return await publisher.swap(stage, await stage.seal(head()), signal);
    },
  };
}

test('a replaced generation holds just what the next one replaced or removed', async () => {
  const { workshop, publish } = await keeping(60_000);
  const { name } = await publish({ a: '1', 'd/b': '1', c: '1' });
  await publish({ a: '2', c: '1' });
  const files = await treeOf(join(workshop, name));
  expect(Object.keys(files).toSorted()).toEqual(['..replaced', '.wherry.json', 'a', 'd/b']);
});

test('a generation that is kept gets what only a younger one has of its files, when that goes', async () => {
  const { target, workshop, publish, collect, rollBackTo } = await keeping();
  const good = await publish({ a: '3', b: '3', c: '3', same: '1' });
  await publish({ a: '4', b: '3', c: '3', same: '1' });
  await publish({ a: '5', b: '5', same: '1' });
  await publish({ a: '6', b: '6', same: '1', d: '6' });
  expect(await collect(good)).toMatchObject({ failure: undefined });
  expect((await readdir(workshop)).filter((name) => /^\.\.\d/.test(name))).toHaveLength(2);
  await rollBackTo(good);
  expect(await treeOf(target)).toEqual({ a: '3', b: '3', c: '3', same: '1' });
});

test('a replaced generation stays for a time, and is then removed', async () => {
  const { publish, collect, publisher } = await keeping(60_000);
  const first = await publish({ a: '1' });
  await publish({ a: '2' });
  const { due } = await collect();
  expect(due).toBeGreaterThan(50_000);
  expect(await publisher.generation(first.name)).toBeDefined();
});

test('a stage that a killed run left is removed at once', async () => {
  const { publish, publisher, collect } = await keeping(60_000);
  await publish({ a: '1' });
  const stage = await publisher.newStage();
  await writeFile(join(stage.directory, 'a'), 'half');
  await collect();
  expect(existsSync(stage.directory)).toBe(false);
});

test('what something else changed before it was replaced is not rolled back to', async () => {
  const { target, publish, rollBackTo } = await keeping(60_000);
  const good = await publish({ a: '1', b: '1' });
  await writeFile(join(target, 'a'), 'x');
  await publish({ a: '2', b: '1' });
  await expect(rollBackTo(good)).rejects.toThrow(RefusedError);
  expect(await readFile(join(target, 'a'), 'utf8')).toBe('2');
});

test('a kept file that is gone is found out before anything is published', async () => {
  const { target, workshop, publish, rollBackTo } = await keeping(60_000);
  const good = await publish({ a: '1', b: '1' });
  await publish({ a: '2', b: '1' });
  await unlink(join(workshop, good.name, 'a'));
  await expect(rollBackTo(good)).rejects.toThrow('ENOENT');
  expect(await treeOf(target)).toEqual({ a: '2', b: '1' });
});

test('whatever was published and collected since, what is kept can be rolled back to', async () => {
  const path = fc.constantFrom('a', 'b', 'c/x', 'c/y', 'd', 'd/e');
  const files = fc.dictionary(path, fc.constantFrom('1', '2', '3'), { minKeys: 1 }).map((set) => {
    const { d: _, ...withoutFile } = set;
    return 'd/e' in set ? withoutFile : set;
  });
  const course = fc.array(fc.record({ files, collects: fc.boolean() }), { minLength: 2, maxLength: 7 });
  await fc.assert(
    fc.asyncProperty(course, fc.nat(), async (steps, choice) => {
      const { target, publish, collect, rollBackTo } = await keeping();
      const keptIndex = choice % steps.length;
      let kept: Generation | undefined;
      for (const [index, step] of steps.entries()) {
        const generation = await publish(step.files);
        if (index === keptIndex) kept = generation;
        if (step.collects) await collect(...(kept === undefined ? [] : [kept]));
      }
      if (kept === undefined) throw new Error('nothing was kept');
      await collect(kept);
      await rollBackTo(kept);
      expect(await treeOf(target)).toEqual(steps[keptIndex]?.files);
    }),
    { numRuns: 60 },
  );
});
