import { spawnSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Exposition } from '../../src/admin/exposition.ts';
import { Metrics } from '../../src/admin/metrics.ts';
import { startAdmin } from '../../src/admin/server.ts';
import { hasProgram, Prometheus } from '../support/prometheus.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { empty, full } from './documents.ts';
import { granted, recordingLog, viewOf } from './views.ts';

/** Metrics after some work of every sort. */
function usedMetrics(): Metrics {
  const metrics = new Metrics(() => full);
  metrics.polled('main', 'unchanged');
  metrics.polled('main', 'changed');
  metrics.polled('main', 'failed');
  metrics.synced('published');
  metrics.phase('probe', 0.0015);
  metrics.phase('probe', 0.3);
  metrics.phase('fetch', 500);
  metrics.reloaded('url1', 'accepted');
  metrics.reloaded('signal', 'not-up');
  metrics.rolledBack();
  metrics.requested('main', 'get', '304');
  metrics.requested('main', 'get', '304');
  metrics.delivered(0.07);
  return metrics;
}

/** Every sample by its name and labels. */
function samplesOf(text: string): ReadonlyMap<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]));
}

const contract = [
  'wherry_build_info',
  'wherry_polls_total',
  'wherry_syncs_total',
  'wherry_sync_duration_seconds_bucket',
  'wherry_last_sync_success_timestamp_seconds',
  'wherry_published_info',
  'wherry_published_files',
  'wherry_published_bytes',
  'wherry_source_last_contact_timestamp_seconds',
  'wherry_reloads_total',
  'wherry_last_reload_successful',
  'wherry_last_reload_success_timestamp_seconds',
  'wherry_pending_reload',
  'wherry_rollbacks_total',
  'wherry_s3_requests_total',
  'wherry_quarantined',
  'wherry_unverified',
  'wherry_held',
  'wherry_pinned_info',
  'wherry_drift_repairs_total',
  'wherry_change_to_reload_seconds_bucket',
  'process_cpu_seconds_total',
  'process_resident_memory_bytes',
  'process_virtual_memory_bytes',
  'process_open_fds',
  'process_max_fds',
  'process_start_time_seconds',
];

describe('the metrics', () => {
  test.each([false, true])('have every name that users were promised (OpenMetrics: %s)', (openMetrics) => {
    const names = new Set(
      [...samplesOf(usedMetrics().render(openMetrics)).keys()].map((key) => key.split('{')[0]),
    );
    expect([...names].filter((name) => !/_(sum|count)$/.test(name ?? '')).sort()).toEqual(
      [...contract].sort(),
    );
  });

  test('count what the engine tells', () => {
    expect(Object.fromEntries(samplesOf(usedMetrics().render(false)))).toMatchObject({
      'wherry_build_info{version="1.2.3"}': 1,
      'wherry_polls_total{layer="main",result="unchanged"}': 1,
      'wherry_polls_total{layer="main",result="failed"}': 1,
      'wherry_syncs_total{result="published"}': 1,
      'wherry_syncs_total{result="refused"}': 0,
      'wherry_sync_duration_seconds_bucket{phase="probe",le="0.005"}': 1,
      'wherry_sync_duration_seconds_bucket{phase="probe",le="0.25"}': 1,
      'wherry_sync_duration_seconds_bucket{phase="probe",le="0.5"}': 2,
      'wherry_sync_duration_seconds_bucket{phase="fetch",le="120"}': 0,
      'wherry_sync_duration_seconds_bucket{phase="fetch",le="+Inf"}': 1,
      'wherry_sync_duration_seconds_sum{phase="fetch"}': 500,
      'wherry_published_info{revision="b0a1c2"}': 1,
      wherry_published_files: 12,
      wherry_published_bytes: 3481,
      'wherry_reloads_total{target="url1",class="accepted"}': 1,
      'wherry_reloads_total{target="url1",class="rejected"}': 0,
      'wherry_reloads_total{target="signal",class="not-up"}': 1,
      'wherry_s3_requests_total{layer="main",operation="get",result="304"}': 2,
      wherry_last_reload_successful: 0,
      wherry_pending_reload: 1,
      wherry_rollbacks_total: 1,
      wherry_quarantined: 1,
      wherry_unverified: 1,
      wherry_held: 1,
      'wherry_pinned_info{revision="b0a1c2"}': 1,
      wherry_change_to_reload_seconds_count: 1,
      'wherry_change_to_reload_seconds_bucket{le="0.1"}': 1,
    });
  });

  test('say of each layer whether it fails', () => {
    const lastFailure = { kind: 'missing', message: 'gone', at: '' } as const;
    const layers = [
      { name: 'base', source: 'a' },
      { name: 'site', source: 'b', lastFailure },
    ];
    const samples = samplesOf(new Metrics(() => ({ ...full, layers })).render(false));
    expect(samples.get('wherry_layer_failing{layer="base"}')).toBe(0);
    expect(samples.get('wherry_layer_failing{layer="site"}')).toBe(1);
    expect(usedMetrics().render(false)).not.toContain('wherry_layer_failing');
  });

  test('tell times in seconds, those of an earlier process until there are newer ones', () => {
    const metrics = new Metrics(() => full);
    const before = samplesOf(metrics.render(false));
    expect(before.get('wherry_last_sync_success_timestamp_seconds')).toBe(
      Date.parse('2026-11-23T00:01:00Z') / 1000,
    );
    expect(before.get('wherry_last_reload_success_timestamp_seconds')).toBe(
      Date.parse('2026-11-23T00:00:00Z') / 1000,
    );
    expect(before.has('wherry_source_last_contact_timestamp_seconds{layer="main"}')).toBe(false);
    metrics.polled('main', 'unchanged');
    metrics.inStep();
    metrics.reloaded('url1', 'accepted');
    const after = samplesOf(metrics.render(false));
    for (const name of [
      'wherry_last_sync_success_timestamp_seconds',
      'wherry_last_reload_success_timestamp_seconds',
      'wherry_source_last_contact_timestamp_seconds{layer="main"}',
    ]) {
      expect(Math.abs((after.get(name) ?? 0) - Date.now() / 1000), name).toBeLessThan(30);
    }
  });

  test('say nothing of what is not known yet', () => {
    const names = [...samplesOf(new Metrics(() => empty).render(false)).keys()];
    expect(names.filter((name) => /_published|timestamp|last_reload/.test(name))).toEqual([]);
  });

  test('tell of this process', () => {
    const samples = samplesOf(usedMetrics().render(false));
    expect(samples.get('process_resident_memory_bytes')).toBeGreaterThan(10e6);
    expect(samples.get('process_virtual_memory_bytes')).toBeGreaterThan(100e6);
    expect(samples.get('process_open_fds')).toBeGreaterThan(2);
    expect(samples.get('process_max_fds')).toBeGreaterThan(100);
    expect(
      Math.abs((samples.get('process_start_time_seconds') ?? 0) + process.uptime() - Date.now() / 1000),
    ).toBeLessThan(60);
  });
});

describe('the two formats', () => {
  function write(openMetrics: boolean): string {
    const out = new Exposition(openMetrics);
    out.counter('a', 'Back\\slash and\nline.', [{ labels: { x: 'q"\\\n' }, value: 2 }]);
    out.gauge('b', 'Gauge.', [{ value: Number.POSITIVE_INFINITY }]);
    out.gauge('none', 'Nothing.', []);
    out.info('c', 'Info.', [{ v: '1' }]);
    out.histogram('d', 'Histogram.', [{ buckets: [[1, 3]], count: 4, sum: 2.5 }]);
    return out.end();
  }

  test('Prometheus text', () => {
    expect(write(false)).toBe(String.raw`# HELP a_total Back\\slash and\nline.
# TYPE a_total counter
a_total{x="q\"\\\n"} 2
# HELP b Gauge.
# TYPE b gauge
b +Inf
# HELP c_info Info.
# TYPE c_info gauge
c_info{v="1"} 1
# HELP d Histogram.
# TYPE d histogram
d_bucket{le="1"} 3
d_bucket{le="+Inf"} 4
d_sum 2.5
d_count 4
`);
  });

  test('OpenMetrics', () => {
    expect(write(true)).toBe(String.raw`# HELP a Back\\slash and\nline.
# TYPE a counter
a_total{x="q\"\\\n"} 2
# HELP b Gauge.
# TYPE b gauge
b +Inf
# HELP c Info.
# TYPE c info
c_info{v="1"} 1
# HELP d Histogram.
# TYPE d histogram
d_bucket{le="1.0"} 3
d_bucket{le="+Inf"} 4
d_sum 2.5
d_count 4
# EOF
`);
  });

  test.skipIf(!hasProgram('promtool'))('promtool finds nothing to complain of', () => {
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
      input: usedMetrics().render(false),
      encoding: 'utf8',
    });
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' });
  });

  test.skipIf(!hasProgram('prometheus'))(
    'a real Prometheus scrapes OpenMetrics, and understands it',
    async () => {
      const metrics = usedMetrics();
      const asked: boolean[] = [];
      const view = viewOf({
        metrics: (openMetrics) => {
          asked.push(openMetrics);
          return metrics.render(openMetrics);
        },
      });
      const address = { host: '127.0.0.1', port: 0 };
      const { log } = recordingLog();
      await using admin = await startAdmin({
        address,
        token: () => undefined,
        view,
        onSync: () => undefined,
        onWish: granted,
        log,
      });
      const directory = join(await temporaryDirectory(), 'config');
      await mkdir(directory);
      await writeFile(
        join(directory, 'prometheus.yml'),
        `global: {scrape_interval: 200ms, scrape_timeout: 200ms}
scrape_configs: [{job_name: wherry, static_configs: [{targets: ["127.0.0.1:${admin?.port}"]}]}]
`,
      );
      await using prometheus = await Prometheus.start({ configDirectory: directory });
      const result = async (query: string) => (await prometheus.query(query))[0]?.value[1];
      await expect.poll(() => result('up'), { timeout: 30_000 }).toBe('1');
      expect(asked).toContain(true);
      expect(await result('wherry_rollbacks_total')).toBe('1');
      expect(await result('wherry_sync_duration_seconds_count{phase="probe"}')).toBe('2');
    },
  );
});
