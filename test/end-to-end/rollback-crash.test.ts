import { cp, rm } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { generationNames, readSet } from '../support/engine-bench.ts';
import { appSet, LoadingApp } from '../support/loading-app.ts';
import type { Wherry } from '../support/program.ts';
import { publishedBy, sidecarBench } from '../support/sidecar-bench.ts';
import { type ChangingCall, endTraced, hasStrace, startUntilCall } from '../support/strace.ts';

/** By default what changes something that others see or that is remembered; what only gets it to the disk takes long. */
const kinds: readonly ChangingCall[] =
  process.env['CI'] === undefined
    ? ['rename', 'symlink', 'rmdir', 'unlink']
    : ['rename', 'symlink', 'rmdir', 'unlink', 'mkdir', 'utimens', 'fsync'];

test.skipIf(!hasStrace)(
  'a kill at each step of a rollback leaves the good set published and told, and the bad one away',
  { timeout: 600_000 },
  async () => {
    const open = kinds.map((kind) => ({ kind, next: 1, isOver: false }));
    const killed: { readonly point: string; readonly known: Known }[] = [];
    const lane = async () => {
      await using world = await beforeRollback();
      for (;;) {
        const turn = open.find(({ isOver }) => !isOver);
        if (turn === undefined) break;
        const { kind } = turn;
        const number = turn.next++;
        const known = await world.killAt(kind, number);
        if (known === undefined) turn.isOver = true;
        else killed.push({ point: `${kind} ${number}`, known });
      }
      await world.neverAgain();
    };
    await Promise.all([lane(), lane()]);
    const steps = killed.map(({ point, known }) => `${point} (${known})`);
    console.log(`${steps.length} kill points: ${steps.join(', ')}`);
    expect(new Set(killed.map(({ known }) => known))).toEqual(new Set(['bad', 'refused', 'good']));
  },
);

/** The published set as the state had it when the kill came: the bad one, the bad one as refused, the good one. */
type Known = 'bad' | 'refused' | 'good';

/** A target with a bad set that its application has not been told of yet; each kill begins with a copy of it. */
async function beforeRollback() {
  const bench = await sidecarBench({ WHERRY_POLL_INTERVAL: '100ms', WHERRY_RETAIN: '0' });
  const { repository, target, state } = bench;
  const app = await LoadingApp.start(target);
  const settings = { ...bench.settings, WHERRY_RELOAD_URL: app.reloadUrl };
  const template = `${target}.template`;
  const good = await repository.commit({ ...appSet('good 1'), kept: '1' });
  const before = bench.start(settings);
  await bench.becomesGood(good);
  app.isBusy = true;
  const bad = await repository.commit({ ...appSet('bad 1'), added: '1' });
  await before.says('not delivered yet: busy');
  await before.kill('SIGKILL');
  expect((await state()).published?.revision).toBe(bad);
  app.isBusy = false;
  await cp(target, template, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });

  const isSettled = async () => {
    const { published, targets } = await state();
    const isTold = published?.revision === good && targets['url1']?.acknowledged === published.sequence;
    return isTold && (await generationNames(target)).length === 1;
  };

  return {
    /** Undefined when the rollback was over before the call. */
    async killAt(kind: ChangingCall, number: number): Promise<Known | undefined> {
      await rm(target, { recursive: true });
      await cp(template, target, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
      app.found.length = 0;
      app.sequences.length = 0;
      const dying = startUntilCall(kind, number, ['run'], settings);
      const wasKilled = await endsBefore(dying, isSettled);
      const { quarantine, published } = await state();
      const isRefused = quarantine?.some(({ revision }) => revision === bad) ?? false;
      const foundBefore = app.found.length;
      await endTraced(dying);

      const after = bench.start(settings);
      await expect.poll(isSettled, { timeout: 60_000, message: `after ${kind} ${number}` }).toBe(true);
      await after.kill('SIGTERM');
      const place = `after ${kind} ${number}: ${after.output}`;
      expect(await readSet(target), place).toEqual({ ...appSet('good 1'), kept: '1' });
      expect((await state()).quarantine, place).toMatchObject([{ revision: bad, by: 'target' }]);
      expect([...publishedBy(dying), ...publishedBy(after)], place).toEqual([]);
      expect(app.loaded, place).toBe('good 1');
      expect(app.sequences.at(-1), place).toBe((await state()).published?.sequence);
      // Told of twice at most, as the one publish that it had; and not once it is known to be bad.
      const ofBad = app.sequences.filter((_, index) => app.found[index] === 'bad 1');
      expect(
        ofBad.filter((sequence) => sequence !== 2),
        place,
      ).toEqual([]);
      if (isRefused) expect(app.found.slice(foundBefore), place).not.toContain('bad 1');
      if (!wasKilled) return undefined;
      return !isRefused ? 'bad' : published?.revision === bad ? 'refused' : 'good';
    },

    /** The source still shows the bad commit. */
    async neverAgain(): Promise<void> {
      expect(await bench.init()).toMatchObject({ code: 0 });
      expect(await readSet(target)).toEqual({ ...appSet('good 1'), kept: '1' });
      expect(await generationNames(target)).toHaveLength(1);
    },

    [Symbol.asyncDispose]: () => app[Symbol.asyncDispose](),
  };
}

/** Whether the program ended by itself before this came true. */
async function endsBefore(wherry: Wherry, isOver: () => Promise<boolean>): Promise<boolean> {
  let hasEnded = false;
  const ended = wherry.ended.then(() => {
    hasEnded = true;
  });
  const deadline = Date.now() + 60_000;
  while (!hasEnded && !(await isOver())) {
    if (Date.now() > deadline) throw new Error(`neither killed nor settled: ${wherry.output}`);
    await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 20))]);
  }
  return hasEnded;
}
