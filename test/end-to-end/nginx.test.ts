import { expect, test } from 'vitest';
import { generationNames } from '../support/engine-bench.ts';
import { hasNginx, Nginx } from '../support/nginx.ts';
import { linesOf, publishedBy, rollbackLine, sidecarBench } from '../support/sidecar-bench.ts';

const vhost = (value: string) => ({ 'served.conf': `# a comment\nset $served "${value}";\n` });
const broken = { 'served.conf': '# a comment\nsett $served "broken";\n' };

/** An nginx that includes what is published, and serves it. */
async function bench(more: Readonly<Record<string, string>>) {
  const all = await sidecarBench(more);
  const nginx = await Nginx.start('without');
  await nginx.configure('$served', '', `${all.target}/*.conf`);
  const { repository, start } = all;
  const first = await repository.commit(vhost('first'));
  return {
    ...all,
    first,
    nginx,
    start: (extra: Readonly<Record<string, string>> = {}) =>
      start({ WHERRY_RELOAD_PROCESS: nginx.name, ...extra }),
  };
}

test.skipIf(!hasNginx)('nginx reads a commit after the SIGHUP that its master gets', async () => {
  const { repository, start, state, nginx } = await bench({ WHERRY_RELOAD_SIGNAL: 'SIGHUP' });
  await using _ = nginx;
  start();
  await nginx.answersWith('first');
  await repository.commit(vhost('second'));
  await nginx.answersWith('second');
  await expect.poll(async () => (await state()).targets['signal']?.acknowledged).toBe(2);
});

test.skipIf(!hasNginx)(
  'nginx -t keeps a broken vhost from nginx, and its file and line are the reason',
  async () => {
    const { repository, target, start, first, nginx, becomesGood, becomesRefused, status } = await bench({
      WHERRY_RELOAD_PRESET: 'nginx',
    });
    await using _ = nginx;
    const wherry = start({ WHERRY_VALIDATE_EXEC: await nginx.validator('$served', '*.conf') });
    await becomesGood(first);
    const before = await generationNames(target);
    const bad = await repository.commit(broken);
    const { by, reason } = await becomesRefused(bad);
    expect(by).toBe('gate');
    expect(reason).toMatch(/^WHERRY_VALIDATE_EXEC: .*unknown directive "sett" in \/.*\/served\.conf:2/);
    expect(await generationNames(target)).toEqual(before);
    expect(await status()).toMatch(new RegExp(`^quarantined +${bad}\n +by gate: .*served\\.conf:2`, 'm'));
    await nginx.answersWith('first');

    const fix = await repository.commit(vhost('second'));
    await becomesGood(fix);
    await nginx.answersWith('second');
    await expect.poll(() => publishedBy(wherry)).toEqual([first, fix]);
  },
);

test.skipIf(!hasNginx)(
  'a broken vhost brings no new workers, and is rolled back while nginx goes on with the old one',
  async () => {
    const { repository, start, first, nginx, becomesGood, becomesRefused, shows } = await bench({
      WHERRY_RELOAD_PRESET: 'nginx',
      WHERRY_RELOAD_TIMEOUT: '3s',
    });
    await using _ = nginx;
    const wherry = start();
    await becomesGood(first);
    await nginx.answersWith('first');
    const bad = await repository.commit(broken);
    expect(await becomesRefused(bad)).toMatchObject({
      by: 'target',
      reason: expect.stringMatching(
        /got SIGHUP and started no new worker within 3s: .*; WHERRY_VALIDATE_EXEC=/,
      ),
    });
    await becomesGood(first);
    await shows(vhost('first'));
    await nginx.answersWith('first');
    expect(await nginx.errors()).toContain('unknown directive "sett"');

    const fix = await repository.commit(vhost('second'));
    await becomesGood(fix);
    await nginx.answersWith('second');
    await expect.poll(() => publishedBy(wherry)).toEqual([first, bad, fix]);
    await expect.poll(() => linesOf(wherry, rollbackLine)).toHaveLength(1);
  },
);
