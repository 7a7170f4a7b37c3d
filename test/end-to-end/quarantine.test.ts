import { expect, test } from 'vitest';
import { generationNames, readSet } from '../support/engine-bench.ts';
import { ask, freePort } from '../support/http-client.ts';
import { appSet, LoadingApp } from '../support/loading-app.ts';
import { linesOf, publishedBy, rollbackLine, sidecarBench } from '../support/sidecar-bench.ts';

/** A sidecar whose application took a first good set, and what it says of its source. */
async function bench() {
  const port = await freePort();
  const all = await sidecarBench({ WHERRY_ADMIN_ADDRESS: `127.0.0.1:${port}` });
  const { repository, target, start, becomesGood } = all;
  const app = await LoadingApp.start(target);
  const good = await repository.commit(appSet('good 1'));
  const begin = () => start({ WHERRY_RELOAD_URL: app.reloadUrl });
  const wherry = begin();
  await becomesGood(good);
  /** Waits until a whole look at this revision of the source is over. */
  const looksAt = async (revision: string) => {
    const seen = async () => (await all.state()).seen?.revision;
    const shown = async () => JSON.parse((await ask(`http://127.0.0.1:${port}/status`)).body || '{}');
    await expect.poll(async () => (await shown()).sourceRevision).toBe(revision);
    await expect.poll(seen).toBe(revision);
  };
  return { ...all, app, good, wherry, looksAt, begin };
}

test('of two bad commits in a row each is tried once, and the good set comes back each time', async () => {
  const { repository, target, app, good, wherry, looksAt, becomesGood, becomesRefused, state, begin } =
    await bench();
  await using _ = app;
  const one = await repository.commit(appSet('bad 1'));
  await becomesRefused(one);
  await becomesGood(good);
  const two = await repository.commit(appSet('bad 2'));
  await becomesRefused(two);
  await becomesGood(good);
  expect(app.found).toEqual(['good 1', 'bad 1', 'good 1', 'bad 2', 'good 1']);
  expect(app.sequences).toEqual([1, 2, 3, 4, 5]);
  expect((await state()).quarantine?.map(({ revision }) => revision)).toEqual([one, two]);

  // The same content under another name, then under its own, then after a restart.
  const again = await repository.commit(appSet('bad 1'));
  await looksAt(again);
  expect((await state()).quarantine?.map(({ revision }) => revision)).toContain(again);
  await repository.point(two);
  await expect.poll(() => linesOf(wherry, 'refused; the published set stays')).toHaveLength(1);
  await wherry.kill('SIGKILL');
  const next = begin();
  await next.says('wherry starts');
  await repository.point(again);
  await looksAt(again);
  expect(await readSet(target)).toEqual(appSet('good 1'));
  expect((await state()).sequence).toBe(5);
  expect(app.found).toHaveLength(5);
  await expect.poll(() => publishedBy(wherry)).toEqual([good, one, two]);
  expect(publishedBy(next)).toEqual([]);
  await expect.poll(() => linesOf(wherry, rollbackLine)).toHaveLength(2);

  const fix = await repository.commit(appSet('good 2'));
  await becomesGood(fix);
  expect(app.loaded).toBe('good 2');
  expect(await state()).not.toHaveProperty('quarantine');
  expect(app.most).toBe(1);
});

test('the revert of a bad commit publishes nothing, tells nobody, and ends the quarantine', async () => {
  const { repository, target, app, good, looksAt, becomesGood, becomesRefused, state, status } =
    await bench();
  await using _ = app;
  const bad = await repository.commit(appSet('bad 1'));
  await becomesRefused(bad);
  await becomesGood(good);
  expect(await status()).toContain(`from ${bad}`);
  const before = await generationNames(target);
  await repository.git('revert', '--no-edit', bad);
  await repository.git('push', '-q', repository.path, 'HEAD:refs/heads/main');
  const revert = await repository.git('rev-parse', 'HEAD');
  await looksAt(revert);
  const after = await state();
  expect(after).toMatchObject({ published: { sequence: 3, revision: good }, lastSync: { result: 'equal' } });
  expect(after).not.toHaveProperty('quarantine');
  expect(after).not.toHaveProperty('rolledBack');
  expect(before).toEqual(expect.arrayContaining([...(await generationNames(target))]));
  expect(app.found).toHaveLength(3);
  expect(await status()).not.toMatch(/quarantined|rolled back/);
});
