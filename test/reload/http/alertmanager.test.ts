import { writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { Alertmanager, badRoutes, goodRoutes } from '../../support/alertmanager.ts';
import { hasProgram } from '../../support/prometheus.ts';
import { Pod } from './pod.ts';

const missing = !hasProgram('prometheus-alertmanager');

test.skipIf(missing)('Alertmanager takes good routes and says why it refuses bad ones', async () => {
  await using alertmanager = await Alertmanager.start();
  const url = `http://127.0.0.1:${alertmanager.port}/-/reload`;
  const pod = await Pod.of('alertmanager', { WHERRY_RELOAD_URL: url });
  expect(await pod.reload()).toEqual({ class: 'accepted' });
  await writeFile(alertmanager.configPath, badRoutes);
  expect(await pod.reload()).toMatchObject({
    class: 'rejected',
    detail: expect.stringContaining('undefined receiver "nope"'),
  });
  await writeFile(alertmanager.configPath, goodRoutes);
  expect(await pod.reload()).toEqual({ class: 'accepted' });
});

test.skipIf(missing)('Alertmanager behind a route prefix is asked beside the reload URL', async () => {
  await using alertmanager = await Alertmanager.start({ prefix: '/alerts' });
  const url = `http://127.0.0.1:${alertmanager.port}/alerts/-/reload`;
  const pod = await Pod.of('alertmanager', { WHERRY_RELOAD_URL: url });
  expect(await pod.reload()).toEqual({ class: 'accepted' });
});
