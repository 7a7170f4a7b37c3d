import { writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { createTargets } from '../../../src/reload/targets.ts';
import { badConfig, goodConfig, hasProgram, Prometheus } from '../../support/prometheus.ts';
import { context, settingsOf } from '../context.ts';

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
