import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ask } from '../support/http-client.ts';
import { run, start, stateOf } from '../support/program.ts';
import { hasProgram, Prometheus } from '../support/prometheus.ts';
import { Repository } from '../support/repository.ts';

const config = (interval: string) => `global: {scrape_interval: ${interval}}\nrule_files: [rules/*.yml]\n`;
const rules = (expression: string) => `groups: [{name: g, rules: [{record: a, expr: "${expression}"}]}]\n`;

test.skipIf(!hasProgram('prometheus'))(
  'Prometheus gets a new configuration, keeps serving when one is bad, and takes the fix',
  { timeout: 60_000 },
  async () => {
    const repository = await Repository.create();
    const directory = await mkdtemp(join(tmpdir(), 'wherry-prometheus-'));
    const target = join(directory, 'config');
    const settings = {
      WHERRY_SOURCE: 'git',
      WHERRY_GIT_REPO: repository.path,
      WHERRY_TARGET: target,
      WHERRY_POLL_INTERVAL: '200ms',
    };
    try {
      await repository.commit({ 'prometheus.yml': config('15s'), 'rules/a.yml': rules('up') });
      expect((await run(['init'], settings)).code).toBe(0);
      await using prometheus = await Prometheus.start({ configDirectory: target });
      const served = async () => (await ask(`http://127.0.0.1:${prometheus.port}/api/v1/status/config`)).body;
      const wherry = start(['run'], {
        ...settings,
        WHERRY_RELOAD_URL: `http://127.0.0.1:${prometheus.port}/-/reload`,
      });
      await repository.commit({ 'prometheus.yml': config('20s'), 'rules/a.yml': rules('up') });
      await expect.poll(served).toContain('scrape_interval: 20s');

      const bad = await repository.commit({ 'prometheus.yml': config('30s'), 'rules/a.yml': rules('sum(') });
      await wherry.says('rolled back');
      await expect
        .poll(async () => (await stateOf(target)).targets['url1']?.lastAnswer?.class)
        .toBe('accepted');
      expect(await served()).toContain('scrape_interval: 20s');
      const [refused] = (await stateOf(target)).quarantine ?? [];
      expect(refused).toMatchObject({ by: 'target', revision: bad, reason: expect.stringContaining('500') });

      await repository.commit({ 'prometheus.yml': config('30s'), 'rules/a.yml': rules('sum(up)') });
      await expect.poll(served).toContain('scrape_interval: 30s');
    } finally {
      await rm(directory, { recursive: true, force: true, maxRetries: 5 });
    }
  },
);
