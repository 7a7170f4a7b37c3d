import { readdir, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { RenamePublisher } from '../../../src/publish/rename/rename-publisher.ts';
import { pointNext } from '../../../src/publish/rename/workshop.ts';
import type { Revision } from '../../../src/snapshot/entry.ts';
import { MemorySource } from '../../support/memory-source.ts';
import { published, renameEngineOn, signal, treeOf, type Volume } from '../../support/rename-bench.ts';

type Files = Readonly<Record<string, string>>;

/** Leaves a journal as a kill right after it was written does. */
async function begin({ target, stateDir, workshop }: Volume, files: Files): Promise<void> {
  const options = { target, stateDir, retain: 0, fileMode: 0o644, dirMode: 0o755, fsync: false };
  const publisher = new RenamePublisher({ ...options, maxBytes: 1024 ** 3, adopt: false });
  await publisher.open();
  const source = new MemorySource();
  source.set('begun', files);
  const { entries } = await source.snapshot(signal);
  const stage = await publisher.newStage();
  const current = await publisher.current();
  await source.write(await publisher.fill(stage, { entries, current, isWhole: false }), stage, signal);
  const revision = 'begun' as Revision;
  await stage.seal({ source: 'memory', revision, sequence: 2, publishedAt: new Date().toISOString() });
  await pointNext(workshop, basename(stage.directory));
}

test('what a journal names is published at the next start, and told as it is', async () => {
  const { engine: _, source, ...volume } = await published({ a: '1', b: '1', gone: '1' });
  await begin(volume, { a: '2', b: '1', 'new/x': '2' });
  await using next = renameEngineOn(volume, source);
  await next.open();
  expect(await treeOf(volume.target)).toEqual({ a: '2', b: '1', 'new/x': '2' });
  expect(next.state?.published).toMatchObject({ revision: 'begun', sequence: 2 });
});

test('while it cannot be finished nothing counts as published, and a newer set may be the cure', async () => {
  const { engine: _, source, ...volume } = await published({ a: '1', b: '1' });
  await begin(volume, { a: '2', 'c/x': '2', d: '2' });
  await writeFile(join(volume.target, 'd'), 'mine');
  await using next = renameEngineOn(volume, source);
  await next.open();
  expect(next.state?.published).toBeUndefined();
  source.set('r2', { a: '2', d: '2' });
  await expect(next.look(signal)).rejects.toThrow(`${join(volume.target, 'd')} is in the way`);
  source.set('r3', { a: '3' });
  await next.look(signal);
  expect(await treeOf(volume.target)).toEqual({ a: '3', d: 'mine' });
  expect(next.state?.published?.revision).toBe('r3');
});

test('it is finished once nothing stops it any more', async () => {
  const { engine: _, source, ...volume } = await published({ a: '1', b: '1' });
  await begin(volume, { a: '2', d: '2' });
  await writeFile(join(volume.target, 'd'), 'mine');
  {
    await using blocked = renameEngineOn(volume, source);
    await blocked.open();
  }
  await rm(join(volume.target, 'd'));
  await using next = renameEngineOn(volume, source);
  await next.open();
  expect(await treeOf(volume.target)).toEqual({ a: '2', d: '2' });
});

test('the set before comes back when the source went back to it', async () => {
  const { engine: _, source, ...volume } = await published({ a: '1', b: '1', 'e/f': '1' });
  await begin(volume, { a: '2', 'c/x': '2', d: '2' });
  await writeFile(join(volume.target, 'd'), 'mine');
  await using next = renameEngineOn(volume, source);
  await next.open();
  await next.look(signal);
  expect(await treeOf(volume.target)).toEqual({ a: '1', b: '1', 'e/f': '1', d: 'mine' });
  expect(next.state?.published?.revision).toBe('r1');
});

test('a journal whose generation is gone is no journal', async () => {
  const { engine: _, source, ...volume } = await published({ a: '1' });
  await pointNext(volume.workshop, '..2026_01_01_00_00_00.000000000');
  await using next = renameEngineOn(volume, source);
  await next.open();
  await next.look(signal);
  expect(next.state?.published?.sequence).toBe(1);
  expect(await treeOf(volume.target)).toEqual({ a: '1' });
});

test('what is stopped before it changed anything is not begun', async () => {
  const { engine: _, source, ...volume } = await published({ b: '1', c: '1' });
  await begin(volume, { a: '2', b: '2' });
  await writeFile(join(volume.target, 'a'), 'mine');
  await using next = renameEngineOn(volume, source);
  await next.open();
  expect(next.state?.published).toMatchObject({ revision: 'r1', sequence: 1 });
  expect(await readdir(volume.workshop)).not.toContain('next');
  await next.look(signal);
  expect(await treeOf(volume.target)).toEqual({ a: 'mine', b: '1', c: '1' });
});
