import { describe, expect, test } from 'vitest';
import { metricValues, statistics } from '../../../src/reload/http/metric-text.ts';

describe('a metric in Prometheus text', () => {
  const text = [
    '# HELP up Whether it is up.',
    '# TYPE up gauge',
    'up 1',
    'up_other 2',
    'labelled{a="x",b="}"} 3 1700000000000',
    'labelled{a="say \\"} 9\\"",b="y"} 4',
    'labelled{} 5',
    'spaced \t 6  ',
    'hot +Inf',
    'cold -Inf',
    'none NaN',
    'tiny 1.5e-3\r',
  ].join('\n');

  test.each<[string, readonly number[]]>([
    ['up', [1]],
    ['labelled', [3, 4, 5]],
    ['spaced', [6]],
    ['hot', [Number.POSITIVE_INFINITY]],
    ['cold', [Number.NEGATIVE_INFINITY]],
    ['none', [Number.NaN]],
    ['tiny', [0.0015]],
    ['absent', []],
    ['HELP', []],
  ])('%s', (name, values) => {
    expect(metricValues(text, name)).toEqual(values);
  });
});

describe('an Envoy statistics text', () => {
  const text = [
    'listener_manager.lds.update_success: 3',
    'listener_manager.lds.version_text: "12"',
    'http.in_0.rds.local.update_success: 4\r',
    'cluster.a.upstream_rq_time: P0(nan,0) P25(nan,0)',
    'update_success: no',
  ].join('\n');

  test.each<[RegExp, readonly number[]]>([
    [/\.update_success$/, [3, 4]],
    [/^listener_manager\.lds\./, [3]],
    [/upstream_rq_time/, []],
  ])('%s', (name, values) => {
    expect(statistics(text, name)).toEqual(values);
  });
});
