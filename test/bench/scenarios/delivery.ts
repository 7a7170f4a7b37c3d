import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Sidecar } from '../../../src/commands/demo/sidecar.ts';
import type { Bench, Scenario } from '../bench.ts';
import type { Fixture } from '../fixtures.ts';

/** Milliseconds after which a change that was not noticed is asked for, and the sidecar's log quoted. */
const patience = 10_000;
/** With it, the sidecar is woken after each change. */
const token = 'wake-up';

/** From the moment the branch moves to the reload call, with one changed file of 50. */
export const delivery: Scenario = {
  name: 'delivery',
  title: 'From commit to reload',
  run: async (bench) => {
    const changes = bench.runs(20) + 1;
    const local = await bench.fixture({ files: 50, changes });
    const remote = await bench.fixture({ files: 50, changes });
    await using server = await bench.serve(remote);
    return [
      {
        name: 'local repository, watched',
        unit: 'ms',
        values: await measure(bench, local, { WHERRY_GIT_REPO: local.path }, changes),
        bar: 100,
      },
      {
        name: 'HTTP, polled each 100 ms',
        unit: 'ms',
        values: await measure(
          bench,
          remote,
          { WHERRY_GIT_REPO: server.url, WHERRY_POLL_INTERVAL: '100ms' },
          changes,
        ),
      },
      {
        name: 'HTTP, polled each second',
        unit: 'ms',
        values: await measure(
          bench,
          remote,
          { WHERRY_GIT_REPO: server.url, WHERRY_POLL_INTERVAL: '1s' },
          changes,
        ),
      },
      {
        name: 'HTTP, woken by POST /sync',
        unit: 'ms',
        values: await measure(
          bench,
          remote,
          { WHERRY_GIT_REPO: server.url, WHERRY_POLL_INTERVAL: '0', WHERRY_ADMIN_TOKEN: token },
          changes,
        ),
      },
    ];
  },
};

async function measure(
  bench: Bench,
  fixture: Fixture,
  settings: Readonly<Record<string, string>>,
  changes: number,
): Promise<readonly number[]> {
  let reloadedAt = 0;
  let onReload = () => {};
  const application = http.createServer((request, response) => {
    reloadedAt = performance.now();
    onReload();
    request.resume();
    response.end();
  });
  await new Promise<void>((resolve) => application.listen(0, '127.0.0.1', resolve));
  const { port } = application.address() as AddressInfo;
  try {
    await using sidecar = await bench.sidecar({
      ...settings,
      WHERRY_RELOAD_URL: `http://127.0.0.1:${port}/-/reload`,
    });
    await sidecar.settled(await fixture.tip(), bench.signal);
    // The watch begins after the first publish.
    await sleep(1000);
    const times: number[] = [];
    for (let change = 1; change <= changes; change += 1) {
      const revision = await fixture.revisionOf(change);
      const reload = new Promise<void>((resolve) => {
        onReload = resolve;
      });
      const started = performance.now();
      await fixture.moveTo(revision);
      if (settings['WHERRY_ADMIN_TOKEN'] !== undefined) await wake(sidecar, bench.signal);
      await Promise.race([reload, sleep(patience, undefined, { ref: false })]);
      await sidecar.settled(revision, bench.signal);
      // The first one loads code that the others find loaded.
      if (change > 1) times.push(reloadedAt - started);
    }
    return times;
  } finally {
    application.closeAllConnections();
    application.close();
  }
}

async function wake({ adminUrl }: Sidecar, signal: AbortSignal): Promise<void> {
  const headers = { authorization: `Bearer ${token}` };
  const request = http.request(`${adminUrl}/sync`, { method: 'POST', headers, signal }).end();
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  response.resume();
  if (response.statusCode !== 202) throw new Error(`POST /sync was answered with ${response.statusCode}`);
}
