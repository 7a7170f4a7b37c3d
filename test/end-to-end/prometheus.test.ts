import { expect, test } from 'vitest';
import { generationNames } from '../support/engine-bench.ts';
import { freePort } from '../support/http-client.ts';
import { hasProgram, Prometheus } from '../support/prometheus.ts';
import { linesOf, publishedBy, rollbackLine, sidecarBench } from '../support/sidecar-bench.ts';

const config = (interval: string, more = '') =>
  `global:\n  scrape_interval: ${interval}\n${more}rule_files: [rules/*.yml]\n`;
const rules = (expression: string) =>
  `groups:\n  - name: g\n    rules:\n      - record: a\n        expr: "${expression}"\n`;
const set = (interval: string, expression = 'up') => ({
  'prometheus.yml': config(interval),
  'rules/a.yml': rules(expression),
});

/** A Prometheus that started with the set of an `init`, as in a pod. */
async function bench() {
  const all = await sidecarBench({ WHERRY_RELOAD_PRESET: 'prometheus' });
  const first = await all.repository.commit(set('15s'));
  expect((await all.init()).code).toBe(0);
  const prometheus = await Prometheus.start({ configDirectory: all.target });
  const url = { WHERRY_RELOAD_URL: prometheus.url.href };
  return { ...all, first, prometheus, start: (more = {}) => all.start({ ...url, ...more }) };
}

test.skipIf(!hasProgram('prometheus'))(
  'Prometheus gets a new configuration, goes on with it when one is bad, and takes the fix',
  async () => {
    const { repository, start, becomesGood, becomesRefused, status, state, prometheus } = await bench();
    await using _ = prometheus;
    const wherry = start();
    const good = await repository.commit(set('20s'));
    await becomesGood(good);
    expect(await prometheus.configuration()).toContain('scrape_interval: 20s');

    const badRule = await repository.commit(set('30s', 'sum('));
    expect(await becomesRefused(badRule)).toMatchObject({
      by: 'target',
      reason: expect.stringMatching(/500.*error.*applying the new configuration/),
    });
    await becomesGood(good);
    expect(await prometheus.configuration()).toContain('scrape_interval: 20s');
    await prometheus.reloadedWith(true);

    const badLine = { ...set('40s'), 'prometheus.yml': config('40s', '  scrape_intervall: 1s\n') };
    const badField = await repository.commit(badLine);
    const { reason } = await becomesRefused(badField);
    expect(reason).toMatch(/prometheus\.yml.*line 3: field scrape_intervall not found/);
    await becomesGood(good);
    expect(await prometheus.configuration()).toContain('scrape_interval: 20s');
    const printed = await status();
    expect(printed).toMatch(new RegExp(`^quarantined +${badField}\n +by target: .*line 3: field`, 'm'));
    expect(printed).toMatch(new RegExp(`^rolled back +from ${badField}$`, 'm'));
    expect(printed).toMatch(new RegExp(`^published +${good}$`, 'm'));

    const fix = await repository.commit(set('30s', 'sum(up)'));
    await becomesGood(fix);
    expect(await prometheus.configuration()).toContain('scrape_interval: 30s');
    await expect.poll(() => publishedBy(wherry)).toEqual([good, badRule, badField, fix]);
    await expect.poll(() => linesOf(wherry, rollbackLine)).toHaveLength(2);
    expect(await state()).not.toHaveProperty('quarantine');
  },
);

test.skipIf(!hasProgram('prometheus') || !hasProgram('promtool'))(
  'promtool keeps a bad rule from Prometheus, and its words are the reason',
  async () => {
    const { repository, target, start, becomesGood, becomesRefused, state, first, prometheus } =
      await bench();
    await using _ = prometheus;
    const wherry = start({ WHERRY_VALIDATE_EXEC: 'promtool check config {staged}/prometheus.yml' });
    const before = await generationNames(target);
    const bad = await repository.commit(set('20s', 'sum('));
    const { by, reason } = await becomesRefused(bad);
    expect(by).toBe('gate');
    expect(reason).toMatch(/^WHERRY_VALIDATE_EXEC: .*rules\/a\.yml.*5:15.*could not parse expression/);
    expect(await generationNames(target)).toEqual(before);
    expect(await prometheus.configuration()).toContain('scrape_interval: 15s');
    expect((await state()).published?.revision).toBe(first);

    const fix = await repository.commit(set('20s', 'sum(up)'));
    await becomesGood(fix);
    expect(await prometheus.configuration()).toContain('scrape_interval: 20s');
    await expect.poll(() => publishedBy(wherry)).toEqual([fix]);
    await expect.poll(() => linesOf(wherry, 'reload accepted')).toHaveLength(1);
  },
);

test.skipIf(!hasProgram('prometheus'))(
  'a Prometheus that starts late, and then its database, gets the newest set once, and nothing is rolled back',
  async () => {
    const { repository, target, start, state, becomesGood } = await sidecarBench({
      WHERRY_RELOAD_PRESET: 'prometheus',
    });
    const port = await freePort();
    const first = await repository.commit(set('15s'));
    const wherry = start({ WHERRY_RELOAD_URL: `http://127.0.0.1:${port}/-/reload` });
    await wherry.says('not delivered yet: not-up');
    await using prometheus = await Prometheus.start({ configDirectory: target, port, holdsDatabase: true });
    await wherry.says('not delivered yet: busy', 40_000);
    const second = await repository.commit(set('20s'));
    await expect.poll(async () => (await state()).published?.sequence).toBe(2);
    expect((await state()).targets['url1']?.acknowledged).toBe(0);

    await prometheus.openDatabase();
    await becomesGood(second);
    expect(await prometheus.configuration()).toContain('scrape_interval: 20s');
    await expect.poll(() => linesOf(wherry, 'reload accepted')).toMatchObject([{ sequence: 2 }]);
    const calls = 'prometheus_http_requests_total\\{code="200",handler="/-/reload"\\}';
    expect(await prometheus.metric(calls)).toBe(1);
    await expect.poll(() => publishedBy(wherry)).toEqual([first, second]);
    expect(linesOf(wherry, rollbackLine)).toEqual([]);
    expect(await state()).not.toHaveProperty('quarantine');
  },
);
