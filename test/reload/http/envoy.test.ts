import { describe, expect, test } from 'vitest';
import { freePort, ReloadApp } from '../../support/reload-app.ts';
import { Pod } from './pod.ts';

interface Counts {
  lds?: number;
  cds?: number;
  rejected?: number;
  /** Unix milliseconds. */
  time?: number;
  cdsTime?: number;
}

function statsOf({ lds = 0, cds = 0, rejected = 0, time = 0, cdsTime = time }: Counts): string {
  return [
    'cluster.backend.update_success: 812',
    'cluster.backend.update_failure: 3',
    `cluster_manager.cds.update_rejected: ${rejected}`,
    `cluster_manager.cds.update_success: ${cds}`,
    `cluster_manager.cds.update_time: ${cdsTime}`,
    'cluster_manager.cds.version_text: "7"',
    `listener_manager.lds.update_failure: 0`,
    `listener_manager.lds.update_success: ${lds}`,
    `listener_manager.lds.update_time: ${time}`,
    'runtime.load_error: 0',
    '',
  ].join('\n');
}

async function envoy(counts: Counts, timeout = '20s') {
  const app = await ReloadApp.start();
  app.usually((_request, response) => {
    response.end(statsOf(counts));
  });
  const url = String(app.url('/'));
  const pod = await Pod.of('envoy', { WHERRY_RELOAD_URL: url, WHERRY_RELOAD_TIMEOUT: timeout });
  const prepare = async () => pod.target.prepare?.(new AbortController().signal);
  return { app, pod, prepare };
}

const publishedAt = '2026-11-22T23:59:59.000Z';
const published = Date.parse(publishedAt);

describe('Envoy, which is told by the swap', () => {
  test('is only asked for its statistics, never called', async () => {
    const counts: Counts = { lds: 2, cds: 2 };
    const { app, pod, prepare } = await envoy(counts);
    await using _app = app;
    const before = await prepare();
    counts.lds = 3;
    expect(await pod.reload({ before })).toEqual({ class: 'accepted' });
    expect(new Set(app.calls.map(({ method, path }) => `${method} ${path}`))).toEqual(
      new Set(['GET /stats?filter=update_%7Cruntime.load_']),
    );
  });

  test('refused the set when a part of it is rejected after another was taken', async () => {
    const counts: Counts = { lds: 2, cds: 2 };
    const { app, pod, prepare } = await envoy(counts);
    await using _app = app;
    const before = await prepare();
    counts.lds = 3;
    const answer = pod.reload({ before });
    setTimeout(() => {
      counts.rejected = 1;
    }, 100);
    expect(await answer).toMatchObject({
      class: 'rejected',
      detail: expect.stringMatching(/\/stats: 1 of its parts rejected/),
    });
  });

  test('does not watch the target when nothing moves', async () => {
    const { app, pod, prepare } = await envoy({ lds: 2 }, '300ms');
    await using _app = app;
    expect(await pod.reload({ before: await prepare() })).toMatchObject({
      class: 'misconfigured',
      detail: expect.stringContaining('watched_directory'),
    });
  });

  test('that was started since begins to count anew', async () => {
    const counts: Counts = { lds: 7, cds: 7, rejected: 2 };
    const { app, pod, prepare } = await envoy(counts);
    await using _app = app;
    const before = await prepare();
    Object.assign(counts, { lds: 1, cds: 1, rejected: 0 });
    expect(await pod.reload({ before })).toEqual({ class: 'accepted' });
  });

  test('is believed by the time of its updates when nobody counted before', async () => {
    const { app, pod } = await envoy({ lds: 2, cds: 1, time: published + 40 });
    await using _app = app;
    expect(await pod.reload({ publishedAt })).toEqual({ class: 'accepted' });
  });

  test('cannot be confirmed when nobody counted and a part is older', async () => {
    const counts = { lds: 2, cds: 1, time: published + 40, cdsTime: published - 40, rejected: 1 };
    const { app, pod } = await envoy(counts, '300ms');
    await using _app = app;
    expect(await pod.reload({ publishedAt })).toMatchObject({
      class: 'not-up',
      detail: expect.stringMatching(/cannot be confirmed.*1 were rejected so far/),
    });
  });

  test('is not up when nobody answers, and leaves nothing to compare with', async () => {
    const url = `http://127.0.0.1:${await freePort()}/`;
    const pod = await Pod.of('envoy', { WHERRY_RELOAD_URL: url, WHERRY_RELOAD_TIMEOUT: '300ms' });
    expect(await pod.target.prepare?.(new AbortController().signal)).toBeUndefined();
    expect(await pod.reload()).toMatchObject({ class: 'not-up' });
  });

  test('has a name of its own', async () => {
    const pod = await Pod.of('envoy');
    expect(pod.target.identity).toBe('watched http://127.0.0.1:9901/ envoy');
  });
});
