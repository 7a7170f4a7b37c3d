import { readdir, readFile, readlink, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { RefusedError, UnreachableError } from '../../../src/failure/failure.ts';
import { driftBench, isWatched, realRoot, turning } from '../../support/drift-bench.ts';

const timeout = 20_000;
const files = { a: 'one', 'd/b': 'two' };

describe.each(['symlink', 'rename', 'link live'] as const)('in %s mode', (mode) => {
  async function stopped() {
    const bench = await driftBench({ mode });
    const engine = await bench.start();
    bench.source.set('r1', files);
    await engine.look(bench.signal);
    await expect.poll(() => engine.state?.good?.sequence, { timeout }).toBe(1);
    await engine[Symbol.asyncDispose]();
    return { ...bench, root: await realRoot(mode, bench.target) };
  }

  test('what changed while nothing ran is found after the start, and told once', async () => {
    const { root, start, reads, told, signal } = await stopped();
    await writeFile(join(root, 'a'), 'ONE');
    await rm(join(root, 'd/b'));
    const engine = await start();
    await engine.look(signal);
    expect(told).toHaveLength(1);
    turning(engine);
    await expect.poll(reads, { timeout }).toEqual(files);
    await expect.poll(() => told.length, { timeout }).toBe(2);
  });

  test('the start itself checks nothing', async () => {
    const { root, start, source, signal } = await stopped();
    await writeFile(join(root, 'a'), 'ONE');
    const engine = await start();
    expect(engine.driftAt).toBe(Number.POSITIVE_INFINITY);
    await engine.settle(signal);
    expect(await readFile(join(root, 'a'), 'utf8')).toBe('ONE');
    source.failure = new UnreachableError({ problem: 'down' });
    await engine.look(signal).catch(() => undefined);
    expect(engine.driftAt).toBeLessThan(performance.now() + 1000);
  });

  test('what changed is found although a new set comes first', async () => {
    const { root, start, source, reads, signal } = await stopped();
    await writeFile(join(root, 'd/b'), 'TWO');
    source.set('r2', { ...files, a: 'new' });
    const engine = await start();
    await engine.look(signal);
    turning(engine);
    await expect.poll(reads, { timeout }).toEqual({ ...files, a: 'new' });
  });

  test('a kill between the manifest and the files leaves the set owed, and the rest to the check', async () => {
    const { root, target, start, reads, told, signal } = await stopped();
    const manifest = join(
      mode === 'rename' ? join(target, '..wherry/generations/current') : root,
      '.wherry.json',
    );
    const written = JSON.parse(await readFile(manifest, 'utf8'));
    await writeFile(join(root, 'a'), 'ONE');
    const { mtime } = await stat(manifest);
    await writeFile(manifest, `${JSON.stringify({ ...written, sequence: 2 })}\n`);
    await utimes(manifest, mtime, mtime);
    const engine = await start();
    expect(engine.state?.published?.sequence).toBe(2);
    expect(engine.state?.good?.sequence).toBe(1);
    await engine.look(signal);
    turning(engine);
    await expect.poll(reads, { timeout }).toEqual(files);
    await expect.poll(() => engine.state?.good?.sequence, { timeout }).toBe(3);
    expect(told.map(({ sequence }) => sequence)).toContain(3);
  });

  if (mode === 'symlink') {
    test('a file that took the place of a visible link while nothing ran gives way, and that is told once', async () => {
      const { target, start, told, repairs, signal } = await stopped();
      await rm(join(target, 'a'));
      await writeFile(join(target, 'a'), 'edited');
      const engine = await start();
      await engine.settle(signal);
      await engine.look(signal);
      expect(await readlink(join(target, 'a'))).toBe('..data/a');
      await expect.poll(() => told.map(({ sequence }) => sequence), { timeout }).toEqual([1, 2]);
      expect(repairs()).toBe(1);
    });

    test.each([
      ['repair', 'one'],
      ['ignore', 'edited'],
    ] as const)('by init too, where WHERRY_DRIFT=%s', async (drift, content) => {
      const { target, newEngine, signal } = await stopped();
      await rm(join(target, 'a'));
      await writeFile(join(target, 'a'), 'edited');
      const engine = newEngine({ targets: [] }, { drift });
      await engine.open();
      await engine.bring(signal);
      expect(await readFile(join(target, 'a'), 'utf8')).toBe(content);
    });
  }

  describe('init', () => {
    test('puts back what was edited, though the source shows nothing new', async () => {
      const { root, newEngine, reads, told, signal } = await stopped();
      await writeFile(join(root, 'a'), 'ONE');
      const engine = newEngine({ targets: [] });
      await engine.open();
      await engine.bring(signal);
      expect(await reads()).toEqual(files);
      expect(engine.state).toMatchObject({ baseline: 2, published: { sequence: 2 } });
      expect(told).toHaveLength(1);
      expect(engine.driftAt).toBe(Number.POSITIVE_INFINITY);
    });

    test('fails while what was edited cannot be put back', async () => {
      const { root, newEngine, source, signal } = await stopped();
      await writeFile(join(root, 'a'), 'ONE');
      const { snapshot } = source;
      source.snapshot = async () => {
        throw new UnreachableError({ problem: 'no content now' });
      };
      const engine = newEngine({ targets: [] });
      await engine.open();
      await expect(engine.bring(signal)).rejects.toThrow('no content now');
      source.snapshot = snapshot;
      await engine.bring(signal);
      expect(await readFile(join(root, 'a'), 'utf8')).toBe('one');
    });

    test('brings the next set, and all of it, where the source has no more what was edited', async () => {
      const { root, newEngine, source, reads, signal } = await stopped();
      await writeFile(join(root, 'a'), 'ONE');
      source.history.clear();
      const next = { ...source.files, added: 'new' };
      source.set('next', next);
      const engine = newEngine({ targets: [] });
      await engine.open();
      await engine.bring(signal);
      expect(await reads()).toEqual(next);
    });

    test('leaves it alone when told so', async () => {
      const { root, newEngine, signal } = await stopped();
      await writeFile(join(root, 'a'), 'ONE');
      const engine = newEngine({ targets: [] }, { drift: 'ignore' });
      await engine.open();
      await engine.bring(signal);
      expect(await readFile(join(root, 'a'), 'utf8')).toBe('ONE');
    });
  });

  test('told to ignore it, a sidecar checks and watches nothing', async () => {
    const { root, newEngine, signal } = await stopped();
    const engine = newEngine({}, { drift: 'ignore' });
    await engine.open();
    await engine.start();
    await engine.look(signal);
    expect(engine.driftAt).toBe(Number.POSITIVE_INFINITY);
    turning(engine);
    await writeFile(join(root, 'a'), 'ONE');
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await readFile(join(root, 'a'), 'utf8')).toBe('ONE');
    expect(engine.drift).toBeUndefined();
  });

  test('what no event tells of is found by the slow check', async () => {
    const bench = await driftBench({ mode, engine: { driftTimes: { slowCheck: 200 } } });
    const engine = await bench.start();
    bench.source.set('r1', files);
    await engine.look(bench.signal);
    await expect.poll(() => engine.state?.good?.sequence, { timeout }).toBe(1);
    const root = await realRoot(mode, bench.target);
    // Settled by hand: no watch wakes anybody here.
    const settleUntil = async (isDone: () => boolean) => {
      while (!isDone()) {
        await new Promise((resolve) => setTimeout(resolve, 20));
        await engine.settle(bench.signal);
      }
    };
    const from = performance.now();
    await settleUntil(() => performance.now() > from + 500);
    await writeFile(join(root, 'a'), 'ONE');
    await settleUntil(() => bench.repairs() === 1);
    expect(await bench.reads()).toEqual(files);
  });

  describe('what is held, pinned or refused', () => {
    async function running() {
      const bench = await driftBench({ mode });
      const engine = await bench.start();
      bench.source.set('r1', files);
      await engine.look(bench.signal);
      await expect.poll(() => engine.state?.good?.sequence, { timeout }).toBe(1);
      return { ...bench, engine };
    }

    test('is put back as it was published, though the source has moved on under a hold', async () => {
      const { engine, source, target, reads } = await running();
      await engine.ask({ id: '1', action: 'hold' });
      source.set('r2', { a: 'newer' });
      turning(engine);
      await isWatched(engine);
      await rm(join(await realRoot(mode, target), 'a'));
      await expect.poll(reads, { timeout }).toEqual(files);
      expect(engine.state?.published?.revision).toBe('r1');
      expect(engine.state?.hold).toBeDefined();
    });

    test('is put back under a pin', async () => {
      const { engine, source, target, reads, signal } = await running();
      source.set('r2', { a: 'newer' });
      await engine.ask({ id: '1', action: 'pin', revision: source.at('r1' as never).revision });
      await engine.look(signal);
      turning(engine);
      await isWatched(engine);
      await writeFile(join(await realRoot(mode, target), 'a'), 'edited');
      await expect.poll(reads, { timeout }).toEqual(files);
      expect(engine.state?.published?.revision).toBe('r1');
    });

    test.each(['hold', 'quarantine'])(
      'comes back as a whole under a %s when the target is wiped',
      async (by) => {
        const { engine, source, target, reads, signal } = await running();
        if (by === 'hold') await engine.ask({ id: '1', action: 'hold' });
        source.set('r2', { a: 'newer' });
        if (by === 'quarantine') source.links = { bad: '../../../outside' };
        await engine.look(signal);
        if (by === 'quarantine') expect(engine.state?.quarantine).toHaveLength(1);
        turning(engine);
        await isWatched(engine);
        for (const name of await readdir(target))
          await rm(join(target, name), { recursive: true, force: true });
        await expect.poll(reads, { timeout }).toEqual(files);
        expect(engine.state?.published?.revision).toBe('r1');
      },
    );

    test('that is to be replaced by a rollback is left to that', async () => {
      const { engine, source, target, reads, signal } = await running();
      source.set('r2', { a: 'bad' });
      await engine.look(signal);
      await expect.poll(() => engine.state?.good?.sequence, { timeout }).toBe(2);
      await engine.ask({ id: '1', action: 'rollback' });
      await writeFile(join(await realRoot(mode, target), 'a'), 'edited');
      turning(engine);
      await expect.poll(reads, { timeout }).toEqual(files);
      expect(engine.state?.published?.revision).toBe('r1');
    });
  });
});

test('a revision that the source does not have any more is said to be gone, and tried ever more slowly', async () => {
  const { source, target, start, signal, log } = await driftBench();
  const engine = await start();
  source.set('r1', files);
  await engine.look(signal);
  await engine.ask({ id: '1', action: 'hold' });
  source.set('r2', { a: 'newer' });
  source.history.delete('r1');
  turning(engine);
  await isWatched(engine);
  await writeFile(join(await realRoot('symlink', target), 'a'), 'edited');
  await expect.poll(() => engine.drift?.waiting?.reason, { timeout }).toMatch(/r1 is not there/);
  const next = () => Date.parse(engine.drift?.waiting?.nextTryAt ?? '') - Date.now();
  await expect.poll(next, { timeout }).toBeGreaterThan(2500);
  expect(log.of('warn').filter(({ message }) => message.includes('not put back yet'))).toHaveLength(1);
  expect(engine.state?.published?.revision).toBe('r1');
});

test('content of the source that is not what was published is not put there', async () => {
  const { source, target, start, signal } = await driftBench();
  const engine = await start();
  source.set('r1', files);
  await engine.look(signal);
  source.set('r1', { ...files, a: 'another content of the same name' });
  turning(engine);
  await isWatched(engine);
  const path = join(await realRoot('symlink', target), 'a');
  await writeFile(path, 'edited');
  await expect
    .poll(() => engine.drift?.waiting?.reason, { timeout })
    .toBe(
      new RefusedError({
        problem: 'the source does not have a at r1 as it was published',
        cure: 'push the change that brings the wanted set, or put the file back by hand',
      }).message,
    );
  expect(await readFile(path, 'utf8')).toBe('edited');
});
