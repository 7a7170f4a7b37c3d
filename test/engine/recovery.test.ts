import { mkdir, readdir, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Engine } from '../../src/engine/engine.ts';
import type { Parts } from '../../src/engine/parts.ts';
import { StateStore } from '../../src/engine/state-store.ts';
import { RefusedError, UnreachableError } from '../../src/failure/failure.ts';
import type { Log } from '../../src/platform/log.ts';
import type { Answer, Target } from '../../src/reload/target.ts';
import { engineOn, readSet, visibleNames } from '../support/engine-bench.ts';
import { MemorySource } from '../support/memory-source.ts';
import { engineIn } from '../support/publish-modes.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const { signal } = new AbortController();

async function bench(files: Readonly<Record<string, string>> = { a: '1' }) {
  const target = await temporaryDirectory();
  const source = new MemorySource();
  source.set('r1', files);
  const calls: { sequence: number; visible: readonly string[] }[] = [];
  const answers: Answer[] = [];
  const application: Target = {
    name: 'url1',
    identity: 'application',
    reload: async ({ sequence }) => {
      calls.push({ sequence, visible: await visibleNames(target) });
      return answers.shift() ?? { class: 'accepted' };
    },
  };
  const start = async (parts: Partial<Parts> = {}): Promise<Engine> => {
    const engine = engineOn(target, source, { targets: [application], ...parts }, { retain: 60_000 });
    onTestFinished(() => engine[Symbol.asyncDispose]());
    await engine.open();
    await engine.start();
    return engine;
  };
  return { target, source, calls, answers, start };
}

async function turn(engine: Engine): Promise<void> {
  await engine.open();
  await engine.settle(signal);
  await engine.look(signal);
}

async function taken(engine: Engine, sequence: number): Promise<void> {
  await expect.poll(() => engine.state?.good?.sequence).toBe(sequence);
}

const rejection: Answer = { class: 'rejected', detail: 'HTTP 500' };

const silent: Log = {
  trace: () => undefined,
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

test('a target that is wiped under a running sidecar is filled again', async () => {
  const { target, start } = await bench();
  const engine = await start();
  await turn(engine);
  await taken(engine, 1);
  for (const name of await readdir(target)) await rm(join(target, name), { recursive: true });
  await expect
    .poll(
      async () => {
        await turn(engine);
        return readSet(target);
      },
      { timeout: 10_000 },
    )
    .toEqual({ a: '1' });
  await taken(engine, 2);
});

test('a generation whose manifest is damaged is published anew', async () => {
  const { target, start } = await bench();
  const engine = await start();
  await turn(engine);
  await taken(engine, 1);
  await engine[Symbol.asyncDispose]();
  await writeFile(join(target, '..data/.wherry.json'), '');
  const again = await start();
  await turn(again);
  await taken(again, 2);
  expect(await readSet(target)).toEqual({ a: '1' });
});

test('..data that was turned back to an older generation with the wanted content is published anew', async () => {
  const { target, source, start } = await bench();
  const engine = await start();
  await turn(engine);
  await taken(engine, 1);
  const older = await readlink(join(target, '..data'));
  source.set('r2', { a: '2' });
  await turn(engine);
  await taken(engine, 2);
  await engine[Symbol.asyncDispose]();
  await symlink(older, join(target, 'turned'));
  await rename(join(target, 'turned'), join(target, '..data'));
  source.set('r3', { a: '1' });
  const again = await start();
  await turn(again);
  // The newer set comes back first, without the source.
  await taken(again, 4);
  expect(again.state?.published?.revision).toBe('r3');
});

test('after a kill between swap and links nobody is told before the links are there', async () => {
  const { target, start, calls } = await bench({ a: '1', b: '2', c: '3' });
  const engine = await start({ targets: [] });
  await turn(engine);
  await engine[Symbol.asyncDispose]();
  await rm(join(target, 'b'));
  await rm(join(target, 'c'));
  await rm(join(target, '..wherry/state.json'));
  const again = await start();
  await turn(again);
  await taken(again, 1);
  expect(calls).toEqual([{ sequence: 1, visible: ['a', 'b', 'c'] }]);
});

test('init does not bring back what a target rejected, and lets the good set stand in', async () => {
  const { target, source, answers, start } = await bench({ a: 'good' });
  const sidecar = await start();
  await turn(sidecar);
  await taken(sidecar, 1);
  source.set('r2', { a: 'bad' });
  answers.push(rejection);
  await turn(sidecar);
  await expect.poll(() => sidecar.state?.targets['url1']?.lastAnswer?.class).toBe('rejected');
  await turn(sidecar);
  await taken(sidecar, 3);
  await sidecar[Symbol.asyncDispose]();
  const init = await start({ targets: [], keys: { setKey: 'another', reloadKey: undefined } });
  await init.bring(signal);
  expect(await readSet(target)).toEqual({ a: 'good' });
  expect(init.state?.quarantine?.at(-1)?.revision).toBe('r2');
});

test('a rollback that cannot be done does not keep the next commit from being followed', async () => {
  const { target, source, answers, start } = await bench({ a: 'good' });
  const engine = await start();
  await turn(engine);
  await taken(engine, 1);
  source.set('r2', { a: 'bad' });
  answers.push(rejection);
  await turn(engine);
  await expect.poll(() => engine.state?.targets['url1']?.lastAnswer?.class).toBe('rejected');
  await rm(join(target, engine.state?.good?.generation ?? '', 'a'));
  source.set('r3', { a: 'better' });
  await turn(engine);
  expect(await readSet(target)).toEqual({ a: 'better' });
});

test('a set that stays though rejected is told again when the settings of its target change', async () => {
  const { answers, calls, start } = await bench();
  answers.push(rejection);
  const engine = await start();
  await turn(engine);
  await expect.poll(() => engine.state?.targets['url1']?.lastAnswer?.class).toBe('rejected');
  await turn(engine);
  await engine[Symbol.asyncDispose]();
  expect(calls).toHaveLength(1);
  const mended = await start({ keys: { setKey: 'set', reloadKey: 'mended' } });
  await turn(mended);
  await taken(mended, 1);
  expect(mended.state?.quarantine).toBeUndefined();
});

test('an empty commit on a rejected set does not release it', async () => {
  const { source, answers, calls, start } = await bench();
  answers.push(rejection);
  const engine = await start();
  await turn(engine);
  await expect.poll(() => engine.state?.targets['url1']?.lastAnswer?.class).toBe('rejected');
  await turn(engine);
  source.set('r2', { a: '1' });
  await turn(engine);
  await turn(engine);
  expect(engine.state?.quarantine?.at(-1)?.revision).toBe('r2');
  expect(calls).toHaveLength(1);
});

/** A good set, then one that was rejected and rolled back, by a sidecar whose state is not in the target. */
async function rejectedWithStateElsewhere() {
  const target = await temporaryDirectory();
  const store = new StateStore(await temporaryDirectory(), silent);
  const source = new MemorySource();
  const application: Target = {
    name: 'url1',
    identity: 'application',
    reload: async () => ((await readSet(target))?.['a'] === 'bad' ? rejection : { class: 'accepted' }),
  };
  const sidecar = engineOn(target, source, { targets: [application] }, {}, { store });
  source.set('r1', { a: '1' });
  await turn(sidecar);
  await taken(sidecar, 1);
  source.set('r2', { a: 'bad' });
  await turn(sidecar);
  await expect.poll(() => sidecar.state?.rejected?.sequence).toBe(2);
  await turn(sidecar);
  await taken(sidecar, 3);
  await sidecar[Symbol.asyncDispose]();
  return { target, store, source };
}

const ofInit: Partial<Parts> = { keys: { setKey: 'set', reloadKey: undefined } };

async function broughtByInit(target: string, source: MemorySource, store: StateStore): Promise<void> {
  const init = engineOn(target, source, ofInit, {}, { store });
  onTestFinished(() => init[Symbol.asyncDispose]());
  await init.open();
  await init.bring(signal);
}

test('init fills a wiped target with the last good set when the source shows what was rejected', async () => {
  const { target, store, source } = await rejectedWithStateElsewhere();
  await rm(target, { recursive: true });
  await broughtByInit(target, source, store);
  expect(await readSet(target)).toEqual({ a: '1' });
});

test('init fills a wiped target that is held with the last good set, not with a new one', async () => {
  const { target, store, source } = await rejectedWithStateElsewhere();
  const sidecar = engineOn(target, source, {}, {}, { store });
  await sidecar.open();
  await sidecar.ask({ action: 'hold', id: 'one' });
  await sidecar[Symbol.asyncDispose]();
  source.set('r3', { a: '3' });
  await rm(target, { recursive: true });
  await broughtByInit(target, source, store);
  expect(await readSet(target)).toEqual({ a: '1' });
});

test('init leaves a held set to the main container, whatever a gate refused of the source', async () => {
  const { target, source, start } = await bench();
  const validate = async () => {
    if (source.files['a'] === 'invalid') throw new RefusedError({ problem: 'it is invalid' });
  };
  const sidecar = await start({ validate });
  await turn(sidecar);
  await taken(sidecar, 1);
  source.set('r2', { a: 'invalid' });
  await turn(sidecar);
  await sidecar.ask({ action: 'hold', id: 'one' });
  await sidecar[Symbol.asyncDispose]();
  const init = engineOn(target, source, { ...ofInit, validate });
  onTestFinished(() => init[Symbol.asyncDispose]());
  await init.open();
  await init.bring(signal);
  expect(await readSet(target)).toEqual({ a: '1' });
});

test.each(['symlink', 'rename'] as const)(
  'init in %s mode removes what killed ones left before it needs room itself',
  async (mode) => {
    const target = await temporaryDirectory();
    const source = new MemorySource();
    const init = engineIn(mode, target, source, ofInit);
    onTestFinished(() => init[Symbol.asyncDispose]());
    await init.open();
    const place = mode === 'symlink' ? target : join(target, '..wherry/generations');
    await mkdir(join(place, '..2020_01_01_00_00_00.000000001/conf.d'), { recursive: true });
    source.failure = new UnreachableError({ problem: 'down' });
    await expect(init.bring(signal)).rejects.toThrow('down');
    expect((await readdir(place)).filter((name) => /^\.\.\d/.test(name))).toEqual([]);
  },
);
