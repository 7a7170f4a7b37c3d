import { expect, test } from 'vitest';
import { Caddy, hasCaddy } from '../support/caddy.ts';
import { publishedBy, sidecarBench } from '../support/sidecar-bench.ts';

test.skipIf(!hasCaddy)('Caddy takes a set, goes on with it when one is bad, and takes the fix', async () => {
  const { repository, start, becomesGood, becomesRefused, shows } = await sidecarBench({
    WHERRY_RELOAD_PRESET: 'caddy',
  });
  await using caddy = await Caddy.start('its own');
  const files = (directives: string) => ({ Caddyfile: caddy.configuration(directives) });
  const wherry = start({ WHERRY_RELOAD_URL: caddy.url.href });
  const first = await repository.commit(files('respond "first"'));
  await becomesGood(first);
  expect(await caddy.get()).toBe('first');

  const bad = await repository.commit(files('bogus on'));
  expect(await becomesRefused(bad)).toMatchObject({
    by: 'target',
    reason: expect.stringMatching(/400.*Caddyfile:7.*bogus/),
  });
  await becomesGood(first);
  await shows(files('respond "first"'));
  expect(await caddy.get()).toBe('first');

  const fix = await repository.commit(files('respond "second"'));
  await becomesGood(fix);
  expect(await caddy.get()).toBe('second');
  await expect.poll(() => publishedBy(wherry)).toEqual([first, bad, fix]);
});
