import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createTargets } from '../../../src/reload/targets.ts';
import { badConfig, goodConfig, hasProgram, Prometheus } from '../../support/prometheus.ts';
import { freePort } from '../../support/reload-app.ts';
import { context, settingsOf } from '../context.ts';
import { Pod } from './pod.ts';

function reload(url: URL, more: Readonly<Record<string, string>> = {}) {
  const settings = settingsOf({ WHERRY_RELOAD_URL: url.href, ...more });
  const [target] = createTargets({ settings, targetDir: '/nowhere', stateDir: '/nowhere', env: {} });
  return target?.reload(context, new AbortController().signal);
}

const missing = !hasProgram('prometheus');

test.skipIf(missing)(
  'Prometheus accepts a good configuration and says why it rejects a bad one',
  async () => {
    await using prometheus = await Prometheus.start();
    expect(await reload(prometheus.url)).toEqual({ class: 'accepted' });
    await writeFile(prometheus.configPath, badConfig);
    expect(await reload(prometheus.url)).toMatchObject({
      class: 'rejected',
      detail: expect.stringMatching(
        /answered 500: failed to reload config: .*not a valid duration string: \\?"banana/,
      ),
    });
    await prometheus.reloadedWith(false);
    await writeFile(prometheus.configPath, goodConfig);
    expect(await reload(prometheus.url)).toEqual({ class: 'accepted' });
    await prometheus.reloadedWith(true);
  },
);

test.skipIf(missing)('a method that Prometheus does not take is misconfigured', async () => {
  await using prometheus = await Prometheus.start();
  expect(await reload(prometheus.url, { WHERRY_RELOAD_METHOD: 'GET' })).toMatchObject({
    class: 'misconfigured',
    detail: expect.stringMatching(/405: Only POST or PUT requests allowed; set WHERRY_RELOAD_METHOD/),
  });
});

test.skipIf(missing)('Prometheus without its lifecycle API is misconfigured', async () => {
  await using prometheus = await Prometheus.start({ lifecycle: false });
  expect(await reload(prometheus.url)).toMatchObject({
    class: 'misconfigured',
    detail: expect.stringMatching(
      /403: Lifecycle API is not enabled\.; start it with --web\.enable-lifecycle/,
    ),
  });
});

test.skipIf(missing)(
  'with its preset Prometheus is asked whether the configuration is in force',
  async () => {
    await using prometheus = await Prometheus.start();
    const pod = await Pod.of('prometheus', { WHERRY_RELOAD_URL: prometheus.url.href });
    expect(await pod.reload()).toEqual({ class: 'accepted' });
  },
);

test.skipIf(missing)('a rule file that cannot be read is a refusal of the set', async () => {
  await using prometheus = await Prometheus.start();
  const pod = await Pod.of('prometheus', { WHERRY_RELOAD_URL: prometheus.url.href });
  const rules = join(dirname(prometheus.configPath), 'rules.yml');
  await writeFile(rules, 'groups: [{name: a, rules: [{alert: A, expr: "up =="}]}]\n');
  await writeFile(prometheus.configPath, `${goodConfig}rule_files: [${rules}]\n`);
  expect(await pod.reload()).toMatchObject({
    class: 'rejected',
    detail: expect.stringContaining('errors occurred while applying the new configuration'),
  });
});

test.skipIf(missing)('Prometheus is not up, then accepts, when it is told too early', async () => {
  const port = await freePort();
  const pod = await Pod.of('prometheus', { WHERRY_RELOAD_URL: `http://127.0.0.1:${port}/-/reload` });
  const starting = Prometheus.start({ port });
  onTestFinished(async () => (await starting)[Symbol.asyncDispose]());
  const classes = new Set<string>();
  await expect
    .poll(async () => {
      const answer = await pod.reload();
      classes.add(answer.class);
      return answer.class;
    })
    .toBe('accepted');
  expect([...classes].every((one) => ['not-up', 'busy', 'accepted'].includes(one))).toBe(true);
});
