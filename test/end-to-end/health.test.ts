import { expect, test } from 'vitest';
import { freePort } from '../support/http-client.ts';
import { appSet, LoadingApp } from '../support/loading-app.ts';
import { linesOf, publishedBy, rollbackLine, sidecarBench } from '../support/sidecar-bench.ts';

/** An application that took a first good set, and its sidecar. */
async function bench(more: Readonly<Record<string, string>>) {
  const all = await sidecarBench();
  const { repository, target, start, becomesGood } = all;
  const app = await LoadingApp.start(target);
  const first = await repository.commit(appSet('good 1'));
  const settings = { WHERRY_RELOAD_URL: app.reloadUrl, WHERRY_VERIFY_URL: app.healthUrl, ...more };
  const wherry = start(settings);
  await becomesGood(first);
  return { ...all, app, first, wherry };
}

test('a set that the application takes and then is ill with is rolled back, told and verified', async () => {
  const { repository, app, first, wherry, becomesGood, becomesRefused, state, status, shows } = await bench({
    WHERRY_VERIFY_TIMEOUT: '700ms',
  });
  await using _ = app;
  const sick = await repository.commit(appSet('sick 1'));
  expect(await becomesRefused(sick)).toMatchObject({
    by: 'verification',
    reason: expect.stringMatching(/500.*the database is gone.*waited 700ms \(WHERRY_VERIFY_TIMEOUT\)/),
  });
  await expect.poll(async () => (await state()).verified).toBe(3);
  await becomesGood(first);
  await shows(appSet('good 1'));
  expect(app.found).toEqual(['good 1', 'sick 1', 'good 1']);
  expect(app.sequences).toEqual([1, 2, 3]);
  expect(await status()).toMatch(/^verification +verified$/m);
  expect(await status()).toMatch(new RegExp(`^quarantined +${sick}\n +by verification: .*database`, 'm'));
  expect(await wherry.says('the set was rejected')).toMatchObject({ target: 'verification', revision: sick });

  const fix = await repository.commit(appSet('good 2'));
  await becomesGood(fix);
  expect(app.loaded).toBe('good 2');
  await expect.poll(() => publishedBy(wherry)).toEqual([first, sick, fix]);
  await expect
    .poll(() => linesOf(wherry, rollbackLine))
    .toMatchObject([{ by: 'verification', from: sick, to: first }]);
});

test('a set with which the application is well at first and then ill does not outlive its bake', async () => {
  const { repository, app, first, becomesGood, becomesRefused, wherry } = await bench({
    WHERRY_BAKE_TIME: '2s',
  });
  await using _ = app;
  const faint = await repository.commit(appSet('faint 1'));
  expect(await becomesRefused(faint)).toMatchObject({
    by: 'verification',
    reason: expect.stringMatching(/database is gone.*it was good before.*2s \(WHERRY_BAKE_TIME\)/),
  });
  await becomesGood(first);
  expect(app.found).toEqual(['good 1', 'faint 1', 'good 1']);
  await expect.poll(() => linesOf(wherry, 'verified').map(({ sequence }) => sequence)).toEqual([1, 3]);
});

test('a set that the application says it took, and did not, shows in a value that does not change', async () => {
  const { repository, app, first, becomesGood, becomesRefused } = await bench({
    WHERRY_VERIFY_EXPECT: 'json:/loads changes',
    WHERRY_VERIFY_TIMEOUT: '700ms',
  });
  await using _ = app;
  const stuck = await repository.commit(appSet('stuck 1'));
  expect(await becomesRefused(stuck)).toMatchObject({
    by: 'verification',
    reason: expect.stringContaining('"/loads" is still 1'),
  });
  await becomesGood(first);
  expect(app.found).toEqual(['good 1', 'stuck 1', 'good 1']);
  const fix = await repository.commit(appSet('good 2'));
  await becomesGood(fix);
  expect(app.loaded).toBe('good 2');
});

test('an application that is down is no verdict on a set, however long it takes to start', async () => {
  const { repository, target, init, start, state, becomesGood } = await sidecarBench();
  await repository.commit(appSet('good 1'));
  expect((await init()).code).toBe(0);
  const port = await freePort();
  const second = await repository.commit(appSet('good 2'));
  // It reads its files by itself: nobody tells it, and only its health says whether it did well.
  const wherry = start({
    WHERRY_VERIFY_URL: `http://127.0.0.1:${port}/health`,
    WHERRY_VERIFY_TIMEOUT: '300ms',
  });
  await wherry.says('it does not verify, and stays: the application was not up before it');
  expect(await state()).toMatchObject({ published: { revision: second, sequence: 2 } });
  expect(await state()).not.toHaveProperty('quarantine');
  await using _ = await LoadingApp.start(target, { port, reads: true });
  await becomesGood(second);
  expect((await state()).verified).toBe(2);
  expect(linesOf(wherry, rollbackLine)).toEqual([]);
});
