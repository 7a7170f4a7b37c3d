import { spawnSync } from 'node:child_process';
import { hash } from 'node:crypto';
import { mkdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Engine } from '../../src/engine/engine.ts';
import type { Wish } from '../../src/engine/machine/request.ts';
import { UnreachableError, UnsettledError } from '../../src/failure/failure.ts';
import { Stage } from '../../src/publish/stage.ts';
import type { Answer, ReloadContext, Target } from '../../src/reload/target.ts';
import type { Revision } from '../../src/snapshot/entry.ts';
import type { Verification } from '../../src/verification/verification.ts';
import { engineOn, generationNames, readSet } from '../support/engine-bench.ts';
import { MemorySource } from '../support/memory-source.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const { signal } = new AbortController();

/** Answers as the test says, by what it reads in the target at the moment of the call, as an application would. */
class Application implements Target {
  readonly name = 'url1';
  readonly identity = 'application';
  readonly calls: { sequence: number; set: Record<string, string> | undefined; overlapping: boolean }[] = [];
  answer: (set: Record<string, string> | undefined) => Answer | Promise<Answer> = () => ({
    class: 'accepted',
  });
  readonly #target: string;
  #inside = 0;

  constructor(target: string) {
    this.#target = target;
  }

  async reload({ sequence }: ReloadContext): Promise<Answer> {
    this.#inside += 1;
    try {
      const set = await readSet(this.#target);
      this.calls.push({ sequence, set, overlapping: this.#inside > 1 });
      return await this.answer(set);
    } finally {
      this.#inside -= 1;
    }
  }
}

async function bench(reloadOnStart: 'changed' | 'always' | 'never' = 'changed') {
  const target = await temporaryDirectory();
  const source = new MemorySource();
  const application = new Application(target);
  const start = async (): Promise<Engine> => {
    const engine = engineOn(target, source, { targets: [application], reloadOnStart }, { retain: 60_000 });
    onTestFinished(() => engine[Symbol.asyncDispose]());
    await engine.open();
    await engine.start();
    return engine;
  };
  return { target, source, application, start };
}

/** One turn of the loop. */
async function turn(engine: Engine): Promise<void> {
  await engine.settle(signal);
  await engine.look(signal);
}

const bad: Answer = { class: 'rejected', detail: 'HTTP 500: bad' };
const isBad = (set: Record<string, string> | undefined): Answer =>
  set?.['a'] === 'bad' ? bad : { class: 'accepted' };

async function publishGoodThenBad() {
  const { target, source, application, start } = await bench();
  application.answer = isBad;
  const engine = await start();
  source.set('r1', { a: 'good' });
  await turn(engine);
  await expect.poll(() => engine.state?.good?.sequence).toBe(1);
  source.set('r2', { a: 'bad' });
  await turn(engine);
  await expect.poll(() => application.calls.length).toBe(2);
  return { target, source, application, engine, start };
}

describe('delivery', () => {
  test('a published set is told once, and counts as good when it was taken', async () => {
    const { source, application, start } = await bench();
    const engine = await start();
    source.set('r1', { a: '1' });
    await turn(engine);
    await expect.poll(() => engine.state?.good?.sequence).toBe(1);
    await turn(engine);
    expect(application.calls).toEqual([{ sequence: 1, set: { a: '1' }, overlapping: false }]);
  });

  test('a set that overtakes an undelivered one is the last that is told', async () => {
    const { source, application, start } = await bench();
    application.answer = () => ({ class: 'not-up', detail: 'refused' });
    const engine = await start();
    source.set('r1', { a: '1' });
    await turn(engine);
    await expect.poll(() => application.calls.length).toBeGreaterThan(0);
    source.set('r2', { a: '2' });
    application.answer = () => ({ class: 'accepted' });
    await turn(engine);
    await expect.poll(() => engine.state?.good?.sequence).toBe(2);
    expect(application.calls.at(-1)).toEqual({ sequence: 2, set: { a: '2' }, overlapping: false });
  });

  test('a call that is under way ends before the next set is published', async () => {
    const { source, application, start } = await bench();
    const { promise: held, resolve: release } = Promise.withResolvers<Answer>();
    application.answer = () => held;
    const engine = await start();
    source.set('r1', { a: '1' });
    await turn(engine);
    await expect.poll(() => application.calls.length).toBe(1);
    source.set('r2', { a: '2' });
    application.answer = () => ({ class: 'accepted' });
    const second = turn(engine);
    await expect.poll(() => source.written.length).toBe(2);
    expect(engine.state?.published?.sequence).toBe(1);
    release({ class: 'accepted' });
    await second;
    await expect.poll(() => application.calls.length).toBe(2);
    expect(application.calls.map(({ overlapping }) => overlapping)).toEqual([false, false]);
  });

  test('a target that takes a set while the next one waits is told of what changed since, removals too', async () => {
    const { target, source } = await bench();
    const told: ReloadContext['changed'][] = [];
    const held = Promise.withResolvers<Answer>();
    const answers: (Answer | Promise<Answer>)[] = [
      { class: 'accepted' },
      held.promise,
      { class: 'accepted' },
    ];
    const command: Target = {
      name: 'exec',
      identity: 'command',
      reload: async ({ changed }) => {
        told.push(changed);
        return answers.shift() ?? { class: 'accepted' };
      },
    };
    const routing = { isAsked: true, concerns: () => true };
    const engine = engineOn(target, source, { targets: [command], routing });
    onTestFinished(() => engine[Symbol.asyncDispose]());
    await engine.open();
    source.set('r1', { a: '1', b: '1', c: '1' });
    await turn(engine);
    await expect.poll(() => engine.state?.good?.sequence).toBe(1);
    source.set('r2', { a: '2', b: '1', c: '1' });
    await turn(engine);
    await expect.poll(() => told.length).toBe(2);
    source.set('r3', { a: '2', b: '3' });
    const third = turn(engine);
    await expect.poll(() => source.written).toHaveLength(5);
    held.resolve({ class: 'accepted' });
    await third;
    await expect.poll(() => told).toEqual([undefined, ['a'], ['b', 'c']]);
  });

  test('what was published and not told before a crash is told after the restart', async () => {
    const { source, application, start } = await bench();
    application.answer = () => ({ class: 'not-up', detail: 'refused' });
    source.set('r1', { a: '1' });
    const first = await start();
    await turn(first);
    await first[Symbol.asyncDispose]();
    application.answer = () => ({ class: 'accepted' });
    const second = await start();
    await turn(second);
    await expect.poll(() => second.state?.good?.sequence).toBe(1);
    expect(application.calls.at(-1)?.sequence).toBe(1);
  });

  test.each([
    ['changed', 1],
    ['always', 2],
    ['never', 0],
  ] as const)(
    'WHERRY_RELOAD_ON_START=%s makes %i calls over a start and a restart',
    async (policy, calls) => {
      const { source, application, start } = await bench(policy);
      source.set('r1', { a: '1' });
      for (let starts = 0; starts < 2; starts += 1) {
        const engine = await start();
        await turn(engine);
        await turn(engine);
        await expect.poll(() => engine.state?.good?.sequence).toBe(1);
        await expect.poll(() => application.calls.length).toBeGreaterThanOrEqual(Math.min(calls, starts + 1));
        await engine[Symbol.asyncDispose]();
      }
      expect(application.calls).toHaveLength(calls);
    },
  );

  test('init publishes, tells nobody, and leaves nothing to tell', async () => {
    const { source, application, start } = await bench();
    source.set('r1', { a: '1' });
    const init = await start();
    await init.bring(signal);
    await init[Symbol.asyncDispose]();
    const sidecar = await start();
    await turn(sidecar);
    await turn(sidecar);
    expect(application.calls).toEqual([]);
    expect(sidecar.state?.good?.sequence).toBe(1);
  });

  test('a second init costs one probe while the source shows the same, and is a sync when it does not', async () => {
    const { source, target, start } = await bench();
    const init = async () => {
      await using engine = await start();
      await engine.bring(signal);
    };
    source.set('r1', { a: '1' });
    await init();
    await init();
    expect([source.probes, source.writes]).toEqual([1, 1]);
    source.set('r2', { a: '2' });
    await init();
    expect(await readSet(target)).toEqual({ a: '2' });
  });

  test('a source is asked to stand by its listing also when no content is to be written', async () => {
    const { source, target, start } = await bench();
    const engine = await start();
    source.set('r1', { a: '1', b: '2' });
    await engine.look(signal);
    source.set('r2', { a: '1' });
    source.write = async (files) => {
      expect(files).toEqual([]);
      throw new UnsettledError({ problem: 'it moves' });
    };
    await expect(engine.look(signal)).rejects.toThrow('it moves');
    expect(await readSet(target)).toEqual({ a: '1', b: '2' });
  });

  test('where a revision was is remembered with the set', async () => {
    const { source, start } = await bench();
    const engine = await start();
    source.provenance = { key: 'app.yaml', etag: 'e1' };
    source.set('r1', { a: '1' });
    await engine.look(signal);
    expect(engine.state?.published?.provenance).toEqual({ key: 'app.yaml', etag: 'e1' });
  });
});

describe('rollback', () => {
  test('a rejected set is replaced by the last good one, as a new generation that is told too', async () => {
    const { target, application, engine } = await publishGoodThenBad();
    await expect.poll(() => engine.state?.targets['url1']?.lastAnswer?.class).toBe('rejected');
    await turn(engine);
    await expect.poll(() => engine.state?.targets['url1']?.acknowledged).toBe(3);
    expect(await readSet(target)).toEqual({ a: 'good' });
    expect(application.calls.map(({ sequence, set }) => [sequence, set?.['a']])).toEqual([
      [1, 'good'],
      [2, 'bad'],
      [3, 'good'],
    ]);
    expect(engine.state?.rolledBack).toMatchObject({ from: 'r2', reason: 'HTTP 500: bad' });
    expect(engine.state?.quarantine).toMatchObject([{ revision: 'r2', by: 'target' }]);
  });

  test('a good set that was altered along with its manifest is brought from the source again', async () => {
    const { target, engine } = await publishGoodThenBad();
    await expect.poll(() => engine.state?.targets['url1']?.lastAnswer?.class).toBe('rejected');
    const directory = join(target, engine.state?.good?.generation ?? '');
    const manifest = await readFile(join(directory, '.wherry.json'), 'utf8');
    const [{ sha256 }] = JSON.parse(manifest).files;
    await writeFile(join(directory, 'a'), 'evil');
    await writeFile(join(directory, '.wherry.json'), manifest.replaceAll(sha256, hash('sha256', 'evil')));
    await turn(engine);
    expect(await readSet(target)).toEqual({ a: 'good' });
  });

  test.each([
    ['a pipe', async (path: string) => void spawnSync('mkfifo', [path])],
    ['a directory', async (path: string) => void (await mkdir(path))],
    ['a link', (path: string) => symlink('/dev/null', path)],
    ['a device', async (path: string) => void spawnSync('mknod', [path, 'c', '1', '7'])],
  ])('a good set of which a file is %s now is brought from the source again', async (_, make) => {
    const { target, engine } = await publishGoodThenBad();
    await expect.poll(() => engine.state?.targets['url1']?.lastAnswer?.class).toBe('rejected');
    const path = join(target, engine.state?.good?.generation ?? '', 'a');
    await rm(path);
    await make(path);
    await turn(engine);
    expect(await readSet(target)).toEqual({ a: 'good' });
  });

  test('the quarantined revision is not tried again, nor a new one with the same content', async () => {
    const { source, application, engine, target } = await publishGoodThenBad();
    await expect.poll(() => engine.state?.targets['url1']?.lastAnswer?.class).toBe('rejected');
    await turn(engine);
    await expect.poll(() => engine.state?.targets['url1']?.acknowledged).toBe(3);
    await turn(engine);
    source.set('r3', { a: 'bad' });
    await turn(engine);
    await turn(engine);
    expect(await readSet(target)).toEqual({ a: 'good' });
    expect(application.calls).toHaveLength(3);
    expect(engine.state?.quarantine?.at(-1)?.revision).toBe('r3');
  });

  test('the source moving back to what was good releases the quarantine and publishes nothing', async () => {
    const { source, engine, target } = await publishGoodThenBad();
    await expect.poll(() => engine.state?.targets['url1']?.lastAnswer?.class).toBe('rejected');
    await turn(engine);
    await expect.poll(() => engine.state?.targets['url1']?.acknowledged).toBe(3);
    const generation = await readlink(join(target, '..data'));
    source.set('r1', { a: 'good' });
    await turn(engine);
    expect(engine.state?.quarantine).toBeUndefined();
    expect(await readlink(join(target, '..data'))).toBe(generation);
    source.set('r4', { a: 'better' });
    await turn(engine);
    await expect.poll(() => engine.state?.targets['url1']?.acknowledged).toBe(4);
    expect(await readSet(target)).toEqual({ a: 'better' });
  });

  test('a restart between the verdict and the rollback finishes it', async () => {
    const { target, engine, start } = await publishGoodThenBad();
    await expect.poll(() => engine.state?.targets['url1']?.lastAnswer?.class).toBe('rejected');
    await engine[Symbol.asyncDispose]();
    const again = await start();
    await turn(again);
    await turn(again);
    await expect
      .poll(async () => {
        await turn(again);
        return readSet(target);
      })
      .toEqual({ a: 'good' });
  });

  test('a rejected rollback is reported as what it is, and leads to no loop', async () => {
    const { application, engine } = await publishGoodThenBad();
    application.answer = () => bad;
    await expect.poll(() => engine.state?.targets['url1']?.lastAnswer?.class).toBe('rejected');
    await turn(engine);
    await expect.poll(() => application.calls.length).toBe(3);
    await expect.poll(() => engine.state?.targets['url1']?.lastAnswer?.class).toBe('rejected');
    for (let turns = 0; turns < 4; turns += 1) await turn(engine);
    expect(application.calls).toHaveLength(3);
    expect(engine.state?.rejected).toMatchObject({ sequence: 3 });
  });

  test('the first set ever stays when it is rejected, and is not told again', async () => {
    const { source, application, start, target } = await bench();
    application.answer = isBad;
    const engine = await start();
    source.set('r1', { a: 'bad' });
    await turn(engine);
    await expect.poll(() => engine.state?.targets['url1']?.lastAnswer?.class).toBe('rejected');
    for (let turns = 0; turns < 3; turns += 1) await turn(engine);
    expect(await readSet(target)).toEqual({ a: 'bad' });
    expect(application.calls).toHaveLength(1);
    expect(engine.state?.quarantine?.at(-1)?.revision).toBe('r1');
  });

  test('a good generation that something else edited is brought from the source again', async () => {
    const { target, engine } = await publishGoodThenBad();
    await writeFile(join(target, engine.state?.good?.generation ?? '', 'a'), 'tampered');
    await expect.poll(() => engine.state?.targets['url1']?.lastAnswer?.class).toBe('rejected');
    await turn(engine);
    expect(await readSet(target)).toEqual({ a: 'good' });
    expect(engine.state?.rolledBack).toMatchObject({ from: 'r2', by: 'target' });
  });

  test('a good set that is to be had nowhere is not gone back to, and the source is followed on', async () => {
    const { target, engine, source } = await publishGoodThenBad();
    await writeFile(join(target, engine.state?.good?.generation ?? '', 'a'), 'tampered');
    source.history.delete('r1');
    await expect.poll(() => engine.state?.targets['url1']?.lastAnswer?.class).toBe('rejected');
    await turn(engine);
    expect(await readSet(target)).toEqual({ a: 'bad' });
    expect(engine.state?.good).toBeUndefined();
    source.set('r3', { a: 'better' });
    await turn(engine);
    expect(await readSet(target)).toEqual({ a: 'better' });
  });
});

describe('verification', () => {
  /** What the application says of itself before each publish, and for which of them that counted. */
  async function verified() {
    const target = await temporaryDirectory();
    const source = new MemorySource();
    const application = new Application(target);
    application.answer = isBad;
    const looks: (string | undefined)[] = [];
    const verification: Verification = {
      prepare: async () => `look ${looks.length}`,
      verify: async ({ before }) => {
        looks.push(before);
        return { kind: 'good' };
      },
    };
    const engine = engineOn(target, source, { targets: [application], verification }, { retain: 60_000 });
    onTestFinished(() => engine[Symbol.asyncDispose]());
    await engine.open();
    return { source, engine, looks };
  }

  test('compares with what was before the publish; after a rollback that is no measure', async () => {
    const { source, engine, looks } = await verified();
    source.set('r1', { a: 'good' });
    await turn(engine);
    await expect.poll(() => engine.state?.verified).toBe(1);
    source.set('r2', { a: 'bad' });
    await turn(engine);
    await expect.poll(() => engine.state?.quarantine?.at(-1)?.revision).toBe('r2');
    await turn(engine);
    await expect.poll(() => engine.state?.verified).toBe(3);
    expect(looks).toEqual(['look 0', undefined]);
  });
});

describe('by hand', () => {
  async function publishTwo() {
    const { target, source, application, start } = await bench();
    const engine = await start();
    for (const revision of ['r1', 'r2']) {
      source.set(revision, { a: revision });
      await turn(engine);
      await expect.poll(() => engine.state?.good?.revision).toBe(revision);
    }
    const ask = (wish: Wish) => engine.ask({ ...wish, id: wish.action });
    return { target, source, application, engine, start, ask };
  }

  test('rollback takes the earlier set from the source when the volume has it no more', async () => {
    const { target, engine, ask } = await publishTwo();
    await rm(join(target, engine.state?.previousGood?.generation ?? ''), { recursive: true });
    expect(await ask({ action: 'rollback' })).toMatchObject({ result: 'under-way' });
    await turn(engine);
    expect(await readSet(target)).toEqual({ a: 'r1' });
    expect(engine.state?.lastRequest).toMatchObject({ result: 'done' });
    await turn(engine);
    expect(await readSet(target)).toEqual({ a: 'r1' });
  });

  test('rollback takes a much smaller set from the source, which is meant and no collapse', async () => {
    const target = await temporaryDirectory();
    const source = new MemorySource();
    const guardRails = {
      maxFiles: 10,
      maxDelete: 1,
      require: [],
      allowEmpty: false,
      refuseCollapse: true,
      kept: [],
    };
    const targets = [new Application(target)];
    await using engine = engineOn(target, source, { targets, guardRails }, { retain: 60_000 });
    await engine.open();
    await engine.start();
    for (const [revision, files] of Object.entries({ r1: { a: '1' }, r2: { a: '2', b: '2', c: '2' } })) {
      source.set(revision, files);
      await turn(engine);
      await expect.poll(() => engine.state?.good?.revision).toBe(revision);
    }
    await rm(join(target, engine.state?.previousGood?.generation ?? ''), { recursive: true });
    await engine.ask({ action: 'rollback', id: 'rollback' });
    await turn(engine);
    expect(await readSet(target)).toEqual({ a: '1' });
  });

  test('rollback ends in the middle of its copy when the process does, and leaves nothing of it', async () => {
    const { target, engine, ask } = await publishTwo();
    await ask({ action: 'rollback' });
    const before = await generationNames(target);
    const ending = new AbortController();
    const copied = vi.spyOn(Stage.prototype, 'copyAll').mockImplementation(async function (
      this: Stage,
      ...given
    ) {
      ending.abort();
      copied.mockRestore();
      return this.copyAll(...given);
    });
    const sealed = vi.spyOn(Stage.prototype, 'seal');
    onTestFinished(() => void vi.restoreAllMocks());
    await expect(engine.settle(ending.signal)).rejects.toMatchObject({ name: 'AbortError' });
    expect(sealed).not.toHaveBeenCalled();
    expect(await generationNames(target)).toEqual(before);
  });

  test('rollback to a set that is to be had nowhere is refused, and changes nothing', async () => {
    const { target, source, engine, ask } = await publishTwo();
    await rm(join(target, engine.state?.previousGood?.generation ?? ''), { recursive: true });
    source.history.delete('r1');
    await ask({ action: 'rollback' });
    await turn(engine);
    expect(await readSet(target)).toEqual({ a: 'r2' });
    expect(engine.state?.lastRequest).toMatchObject({ result: 'refused' });
    expect(engine.state?.quarantine).toBeUndefined();
  });

  test('a rollback that the source cannot serve now is done when it can', async () => {
    const { target, source, engine, ask } = await publishTwo();
    await rm(join(target, engine.state?.previousGood?.generation ?? ''), { recursive: true });
    const past = source.at('r1' as Revision);
    past.failure = new UnreachableError({ problem: 'down' });
    vi.spyOn(source, 'at').mockReturnValue(past);
    await ask({ action: 'rollback' });
    await expect(turn(engine)).rejects.toThrow('down');
    expect(await readSet(target)).toEqual({ a: 'r2' });
    past.failure = undefined;
    await turn(engine);
    expect(await readSet(target)).toEqual({ a: 'r1' });
  });

  test('pin follows a revision until resume, over restarts', async () => {
    const { target, source, engine, start, ask } = await publishTwo();
    await ask({ action: 'pin', revision: 'r1' as Revision });
    await turn(engine);
    expect(await readSet(target)).toEqual({ a: 'r1' });
    source.set('r3', { a: 'r3' });
    await engine[Symbol.asyncDispose]();
    const again = await start();
    await turn(again);
    expect(await readSet(target)).toEqual({ a: 'r1' });
    await again.ask({ action: 'resume', id: 'later' });
    await turn(again);
    expect(await readSet(target)).toEqual({ a: 'r3' });
  });

  test('a pinned revision that is not there is a failure, and the published set stays', async () => {
    const { target, engine, ask } = await publishTwo();
    await ask({ action: 'pin', revision: 'nowhere' as Revision });
    await expect(turn(engine)).rejects.toThrow('nowhere is not there');
    expect(await readSet(target)).toEqual({ a: 'r2' });
  });

  test('hold keeps what the source shows from being published, and shows it', async () => {
    const { target, source, engine, ask } = await publishTwo();
    await ask({ action: 'hold' });
    source.set('r3', { a: 'r3' });
    await turn(engine);
    expect(await readSet(target)).toEqual({ a: 'r2' });
    expect(engine.shown).toBe('r3');
  });
});

describe('a source that fails', () => {
  test('leaves the published set, and is followed again when it answers', async () => {
    const { source, start, target } = await bench();
    const engine = await start();
    source.set('r1', { a: '1' });
    await turn(engine);
    source.failure = new UnreachableError({ problem: 'down' });
    await expect(turn(engine)).rejects.toThrow('down');
    expect(await readSet(target)).toEqual({ a: '1' });
    source.failure = undefined;
    source.set('r2', { a: '2' });
    await turn(engine);
    expect(await readSet(target)).toEqual({ a: '2' });
  });
});
