import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { MissingError, UnreachableError, UnsettledError } from '../../../src/failure/failure.ts';
import type { Revision } from '../../../src/snapshot/entry.ts';
import { layersBench, look, passTime } from '../../support/layers-bench.ts';

const down = new UnreachableError({ setting: 'WHERRY_GIT_REPO', problem: 'it does not answer' });
const downText = 'WHERRY_SITE_GIT_REPO: it does not answer';

async function twoLayers() {
  const bench = await layersBench([{ name: 'base' }, { name: 'site' }]);
  bench.of('base').set('b1', { a: 'base 1', b: 'base 1' });
  bench.of('site').set('s1', { b: 'site 1', c: 'site 1' });
  return bench;
}

/** Two layers that are published already. */
async function published() {
  const bench = await twoLayers();
  const engine = await bench.start();
  expect(await look(engine)).toBeUndefined();
  bench.polls.length = 0;
  return { ...bench, engine };
}

describe('a set of layers', () => {
  test('has what the last layer has at each path, and says which that is', async () => {
    const { manifest, shown } = await published();
    expect(await shown()).toEqual({ a: 'base 1', b: 'site 1', c: 'site 1' });
    const { revision, layers, files } = (await manifest()) ?? {};
    expect(revision).toBe('base=b1,site=s1');
    expect(files?.map(({ path, layer }) => [path, layer])).toEqual([
      ['a', 'base'],
      ['b', 'site'],
      ['c', 'site'],
    ]);
    expect(layers).toEqual([
      { name: 'base', source: 'memory', mount: '', revision: 'b1', shadowed: ['b'] },
      { name: 'site', source: 'memory', mount: '', revision: 's1' },
    ]);
  });

  test('has the files of a layer where it is mounted, and asks its source for them by its own names', async () => {
    const bench = await layersBench([{ name: 'base' }, { name: 'tls', mount: 'etc/tls' }]);
    bench.of('base').set('b1', { 'etc/app.conf': '1' });
    bench.of('tls').set('t1', { 'server.pem': 'PEM' });
    const engine = await bench.start();
    expect(await look(engine)).toBeUndefined();
    expect(await bench.shown()).toEqual({ 'etc/app.conf': '1', 'etc/tls/server.pem': 'PEM' });
    expect(bench.of('tls').written).toEqual(['server.pem']);
  });

  test('is published once, and told once, for a change in any of them', async () => {
    const { engine, of, shown, reloads } = await published();
    await expect.poll(() => reloads).toEqual([1]);
    of('site').set('s2', { b: 'site 2' });
    await look(engine);
    await look(engine);
    expect(await shown()).toEqual({ a: 'base 1', b: 'site 2' });
    await expect.poll(() => reloads).toEqual([1, 2]);
    expect(of('base').written).toEqual(['a']);
  });

  test('is published, and nobody is told, when only other layers have what it has', async () => {
    const { engine, of, manifest, reloads } = await published();
    await expect.poll(() => engine.state?.good?.sequence).toBe(1);
    of('base').set('b2', { a: 'base 1', b: 'base 1', c: 'base 2' });
    await look(engine);
    expect((await manifest())?.layers?.[0]?.shadowed).toEqual(['b', 'c']);
    await expect.poll(() => engine.state?.good?.sequence).toBe(2);
    expect(reloads).toEqual([1]);
  });

  test('is not published anew for another revision of the same content', async () => {
    const { engine, of } = await published();
    of('base').set('b2', { a: 'base 1', b: 'base 1' });
    await look(engine);
    expect(engine.state?.published?.sequence).toBe(1);
    expect(engine.state?.seen?.revision).toBe('base=b2,site=s1');
  });

  test('is refused when two layers cannot exist beside each other, and tried again when one moves', async () => {
    const { engine, of, shown } = await published();
    of('site').set('s2', { 'a/x': 'site 2' });
    expect(await look(engine)).toBeUndefined();
    const { quarantine = [] } = engine.state ?? {};
    expect(quarantine[0]?.reason).toContain(
      '"a/x" of the layer "site" cannot exist beside "a" of the layer "base"',
    );
    expect(await shown()).toHaveProperty('c', 'site 1');
    of('base').set('b2', { b: 'base 2' });
    await look(engine);
    expect(await shown()).toEqual({ 'a/x': 'site 2', b: 'base 2' });
  });

  test('takes no link of a layer for a file over others when links are skipped', async () => {
    const bench = await layersBench([{ name: 'base' }, { name: 'site', skipsLinks: true }]);
    bench.of('base').set('b1', { a: 'base 1' });
    bench.of('site').set('s1', { b: 'site 1' });
    bench.of('site').links = { a: 'b' };
    const engine = await bench.start({ linkRule: 'skip' });
    expect(await look(engine)).toBeUndefined();
    expect(await bench.shown()).toEqual({ a: 'base 1', b: 'site 1' });
  });
});

describe('a layer that fails', () => {
  test('keeps its last good part while the others are followed, and is told of once', async () => {
    const { engine, of, shown, log, polls, manifest } = await published();
    of('site').failure = down;
    of('base').set('b2', { a: 'base 2' });
    expect(await look(engine)).toBeUndefined();
    expect(await shown()).toEqual({ a: 'base 2', b: 'site 1', c: 'site 1' });
    expect((await manifest())?.revision).toBe('base=b2,site=s1');
    expect(await look(engine)).toBeUndefined();
    expect(log.of('warn').map(({ message }) => message)).toEqual([`a layer fails: ${downText}`]);
    expect(polls).toEqual(['base changed', 'site failed', 'base unchanged', 'site failed']);
    expect(engine.state?.layerFailures).toMatchObject({ site: { kind: 'unreachable', message: downText } });
    expect(engine.state?.lastFailure).toBeUndefined();
    expect(of('site').snapshots).toBe(1);
  });

  test('is followed again when it works, and the failure is forgotten', async () => {
    const { engine, of, shown, log } = await published();
    of('site').failure = down;
    await look(engine);
    of('site').failure = undefined;
    of('site').set('s2', { c: 'site 2' });
    await look(engine);
    expect(await shown()).toEqual({ a: 'base 1', b: 'base 1', c: 'site 2' });
    await look(engine);
    expect(engine.state?.layerFailures).toBeUndefined();
    expect(log.of('info').map(({ message }) => message)).toContain('the layer works again');
  });

  test('keeps it at a start too, with a change of another', async () => {
    const { engine, of, shown, start } = await published();
    await engine[Symbol.asyncDispose]();
    of('site').failure = down;
    of('base').set('b2', { b: 'base 2' });
    const again = await start();
    expect(await look(again)).toBeUndefined();
    expect(await shown()).toEqual({ b: 'site 1', c: 'site 1' });
    expect(of('base').written).toEqual(['a']);
  });

  test('keeps it when the state is lost, and by init', async () => {
    const { engine, of, shown, start, target } = await published();
    await engine[Symbol.asyncDispose]();
    await rm(join(target, '..wherry'), { recursive: true });
    of('site').failure = down;
    of('base').set('b2', { a: 'base 2' });
    const again = await start();
    await again.bring(new AbortController().signal);
    expect(await shown()).toEqual({ a: 'base 2', b: 'site 1', c: 'site 1' });
  });

  test('fails the sync where nothing of it was ever published', async () => {
    const { of, start, shown } = await twoLayers();
    of('site').failure = down;
    const engine = await start();
    expect(await look(engine)).toBe(downText);
    expect(await shown()).toBeUndefined();
    of('site').failure = undefined;
    expect(await look(engine)).toBeUndefined();
    expect(await shown()).toHaveProperty('c');
  });

  test('fails the sync where what is published of it lies elsewhere', async () => {
    const { engine, target } = await published();
    await engine[Symbol.asyncDispose]();
    const bench = await layersBench([{ name: 'base' }, { name: 'site', mount: 'elsewhere' }], target);
    bench.of('base').set('b1', { a: 'base 1' });
    bench.of('site').failure = down;
    const other = await bench.start({ keys: { setKey: 'other', reloadKey: 'reload' } });
    expect(await look(other)).toBe(downText);
    expect(await bench.shown()).toHaveProperty('c', 'site 1');
  });

  test('fails the sync together with all others', async () => {
    const { engine, of, shown } = await published();
    of('site').failure = down;
    of('base').failure = new MissingError({ problem: 'gone' });
    expect(await look(engine)).toBe('layer "base": gone');
    expect(engine.state?.lastFailure?.message).toBe('layer "base": gone');
    expect(await shown()).toHaveProperty('c', 'site 1');
  });

  test('by its own content is not read again until it moves', async () => {
    const { engine, of, shown, polls } = await published();
    of('site').set('s2', { c: 'x', 'c/d': 'y' });
    of('base').set('b2', { a: 'base 2' });
    expect(await look(engine)).toBeUndefined();
    expect(await shown()).toEqual({ a: 'base 2', b: 'site 1', c: 'site 1' });
    passTime(3_600_000);
    await look(engine);
    expect(of('site').snapshots).toBe(2);
    expect(polls).toEqual([
      'base changed',
      'site changed',
      'site quarantined',
      'base unchanged',
      'site quarantined',
    ]);
    expect(engine.state?.layerFailures?.['site']).toMatchObject({ kind: 'refused' });
    expect(engine.state?.quarantine).toBeUndefined();
    of('site').set('s3', { c: 'site 3' });
    await look(engine);
    expect(await shown()).toEqual({ a: 'base 2', c: 'site 3' });
  });

  test('cannot show what lay beneath another, and then fails the sync', async () => {
    const { engine, of, shown } = await published();
    of('base').failure = new UnreachableError({ problem: 'it does not answer' });
    of('site').set('s2', { c: 'site 2' });
    expect(await look(engine)).toBe('layer "base": it does not answer');
    expect(await shown()).toEqual({ a: 'base 1', b: 'site 1', c: 'site 1' });
    of('site').set('s3', { b: 'site 3' });
    expect(await look(engine)).toBeUndefined();
    expect(await shown()).toEqual({ a: 'base 1', b: 'site 3' });
  });

  test('lies beneath what a later one has newly', async () => {
    const { engine, of, shown, manifest } = await published();
    of('base').failure = down;
    of('site').set('s2', { a: 'site 2', b: 'site 2' });
    expect(await look(engine)).toBeUndefined();
    expect(await shown()).toEqual({ a: 'site 2', b: 'site 2' });
    expect((await manifest())?.layers?.[0]?.shadowed).toEqual(['a', 'b']);
  });

  test('and whose published files were damaged fails the sync', async () => {
    const { engine, of, target } = await published();
    await writeFile(join(target, '..data', 'c'), 'another');
    of('site').failure = down;
    of('base').set('b2', { a: 'base 2' });
    expect(await look(engine)).toBe(downText);
    expect(engine.state?.published?.sequence).toBe(1);
  });

  test('while it is written is done without at once, and tried again later', async () => {
    const { engine, of, shown, log } = await published();
    of('site').writeFailure = new UnsettledError({ problem: 'it changed while it was read' });
    of('site').set('s2', { c: 'site 2' });
    of('base').set('b2', { a: 'base 2' });
    expect(await look(engine)).toBeUndefined();
    expect(await shown()).toEqual({ a: 'base 2', b: 'site 1', c: 'site 1' });
    await look(engine);
    expect(of('site').snapshots).toBe(2);
    of('site').writeFailure = undefined;
    passTime(6000);
    await look(engine);
    expect(await shown()).toEqual({ a: 'base 2', c: 'site 2' });
    await look(engine);
    expect(engine.state?.layerFailures).toBeUndefined();
    expect(log.of('warn')).toHaveLength(1);
  });

  test('at the very revision that is published works again when nothing is wanted of it any more', async () => {
    const { engine, of, shown, log } = await published();
    of('site').writeFailure = down;
    of('base').set('b2', { a: 'base 2' });
    expect(await look(engine)).toBeUndefined();
    expect(await shown()).toEqual({ a: 'base 2', b: 'site 1', c: 'site 1' });
    expect(engine.state?.layerFailures).toHaveProperty('site');
    of('site').writeFailure = undefined;
    passTime(6000);
    expect(await look(engine)).toBeUndefined();
    expect(engine.state?.layerFailures).toBeUndefined();
    const fields = { layer: 'site', failures: 1 };
    expect(log.of('info')).toContainEqual(expect.objectContaining({ fields }));
  });

  test('while its first part is written fails the sync', async () => {
    const { of, start, shown } = await twoLayers();
    of('site').writeFailure = down;
    const engine = await start();
    expect(await look(engine)).toBe(downText);
    expect(await shown()).toBeUndefined();
  });

  test('to answer for long does not keep the others from being followed', async () => {
    const bench = await layersBench([{ name: 'base' }, { name: 'site', syncTimeout: 8800 }]);
    bench.of('base').set('b1', { a: 'base 1' });
    const engine = await bench.start();
    await look(engine);
    bench.of('site').hangs = true;
    bench.of('base').set('b2', { a: 'base 2' });
    expect(await look(engine)).toBeUndefined();
    expect(await bench.shown()).toEqual({ a: 'base 2' });
    expect(engine.state?.layerFailures?.['site']?.message).toContain(
      'layer "site": it took longer than 2200ms',
    );
    const { probes } = bench.of('site');
    await look(engine);
    expect(bench.of('site').probes).toBe(probes);
  });

  test('is looked at again by itself where it can be waited for', async () => {
    const { engine, of } = await published();
    const woken = Promise.withResolvers<void>();
    await engine.source?.watch(() => woken.resolve());
    of('site').failure = down;
    await look(engine);
    await woken.promise;
  });
});

describe('a revision of layers', () => {
  test('can be pinned for some of them, while the others are followed', async () => {
    const { engine, of, shown } = await published();
    const request = { id: '1', action: 'pin', revision: 'base=b1' as Revision } as const;
    await engine.ask(request);
    of('base').set('b2', { a: 'base 2' });
    of('site').set('s2', { c: 'site 2' });
    expect(await look(engine)).toBeUndefined();
    expect(await shown()).toEqual({ a: 'base 1', b: 'base 1', c: 'site 2' });
    of('site').failure = down;
    expect(await look(engine)).toBeUndefined();
    expect(engine.state?.layerFailures).toHaveProperty('site');
  });

  test('that is pinned and is not to be had fails the sync: nothing stands in for it', async () => {
    const { engine, of } = await published();
    of('base').set('b2', { a: 'base 2' });
    await look(engine);
    of('base').history.delete('b1');
    await engine.ask({ id: '1', action: 'pin', revision: 'base=b1' as Revision });
    expect(await look(engine)).toContain('b1 is not there');
  });

  test('is brought again for a rollback when its generation is gone', async () => {
    const { engine, of, shown, target } = await published();
    await expect.poll(() => engine.state?.good?.sequence).toBe(1);
    const good = engine.state?.good?.generation ?? '';
    of('base').set('b2', { a: 'base 2' });
    of('site').set('s2', { c: 'site 2' });
    await look(engine);
    await rm(join(target, good), { recursive: true });
    await engine.ask({ id: '1', action: 'rollback' });
    of('site').history.set('s1', { b: 'site 1', c: 'site 1' });
    await engine.settle(new AbortController().signal);
    expect(await shown()).toEqual({ a: 'base 1', b: 'site 1', c: 'site 1' });
    expect(engine.state?.published?.revision).toBe('base=b1,site=s1');
  });
});

describe('what is not a layer’s doing', () => {
  test('fails the sync, and no layer', async () => {
    const bench = await twoLayers();
    const engine = await bench.start({}, { maxBytes: 30 });
    await look(engine);
    bench.of('base').set('b2', { a: 'much more than this target may hold' });
    expect(await look(engine)).toBeUndefined();
    expect(engine.state?.quarantine?.[0]?.reason).toContain('WHERRY_MAX_BYTES');
    expect(engine.state?.layerFailures).toBeUndefined();
  });
});

describe('a listing of a layer', () => {
  test('that lost most of what is published of it is refused, and only that layer stays', async () => {
    const bench = await layersBench([{ name: 'base' }, { name: 'site', refusesCollapse: true }]);
    bench.of('base').set('b1', { a: '1', b: '1', c: '1', d: '1' });
    bench.of('site').set('s1', { a: '2', e: '2', f: '2' });
    const engine = await bench.start();
    await look(engine);
    bench.of('base').set('b2', { a: '1', b: '2' });
    bench.of('site').set('s2', { e: '3' });
    expect(await look(engine)).toBeUndefined();
    expect(await bench.shown()).toEqual({ a: '2', b: '2', e: '2', f: '2' });
    expect(engine.state?.layerFailures?.['site']?.message).toContain(
      'the listing has 1 file where 3 are published',
    );
  });
});
