import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Haproxy, hasHaproxy } from '../support/haproxy.ts';
import { publishedBy, sidecarBench } from '../support/sidecar-bench.ts';

test.skipIf(!hasHaproxy).each([
  ['SIGUSR2', 'signal', (haproxy: Haproxy) => ({ WHERRY_RELOAD_PROCESS: haproxy.name })],
  ['its master CLI', 'url1', (haproxy: Haproxy) => ({ WHERRY_RELOAD_URL: haproxy.cli.href })],
])('HAProxy, told by %s, takes a set, goes on when one is bad, and takes the fix', async (_, told, way) => {
  const all = await sidecarBench({ WHERRY_RELOAD_PRESET: 'haproxy', WHERRY_RELOAD_TIMEOUT: '5s' });
  const { repository, target, init, start, becomesGood, becomesRefused, state } = all;
  await using haproxy = await Haproxy.start('first', async (content) => {
    await repository.commit({ 'haproxy.cfg': content });
    expect((await init()).code).toBe(0);
    return join(target, 'haproxy.cfg');
  });
  const commit = (text: string, extra = '') =>
    repository.commit({ 'haproxy.cfg': haproxy.configuration(text, extra) });
  const wherry = start(way(haproxy));
  const second = await commit('second');
  await becomesGood(second);
  await haproxy.answersWith('second');

  const bad = await commit('bad', 'no-such-keyword on');
  expect(await becomesRefused(bad)).toMatchObject({ by: 'target' });
  await becomesGood(second);
  await haproxy.answersWith('second');

  const fix = await commit('third');
  await becomesGood(fix);
  await haproxy.answersWith('third');
  await expect.poll(() => publishedBy(wherry)).toEqual([second, bad, fix]);
  expect((await state()).targets).toMatchObject({ [told]: { lastAnswer: { class: 'accepted' } } });
});
