import { describe, expect, test } from 'vitest';
import type { HttpConfirmation } from '../../../src/presets/preset.ts';
import { presets } from '../../../src/presets/presets.ts';
import { besideReload } from '../../../src/reload/http/beside.ts';
import { countersText } from '../../../src/reload/http/counters.ts';
import { judge } from '../../../src/reload/http/judgement.ts';

const equals: HttpConfirmation = { kind: 'json-equals', path: '/', pointer: '/ok', value: 'true' };
const rises: HttpConfirmation = { kind: 'json-rises', path: '/', pointer: '/n' };
const metric: HttpConfirmation = { kind: 'metric-equals', path: '/', metric: 'good', value: 1 };

test.each<[string, HttpConfirmation, string, string | undefined, object]>([
  ['the value', equals, '{"ok": true}', undefined, { kind: 'taken', stays: 0 }],
  ['its text', equals, '{"ok": "true"}', undefined, { kind: 'taken' }],
  ['the contrary', equals, '{"ok": false}', undefined, { kind: 'refused', said: '/ok is false' }],
  ['no value', equals, '{}', undefined, { kind: 'unreadable' }],
  ['no JSON', equals, 'ok', undefined, { kind: 'unreadable' }],
  ['the metric', metric, 'good 1\n', undefined, { kind: 'taken' }],
  ['all its series', metric, 'good{a="b"} 1\ngood{a="c"} 1\n', undefined, { kind: 'taken' }],
  ['one of them not', metric, 'good{a="b"} 1\ngood{a="c"} 0\n', undefined, { kind: 'refused' }],
  ['no such metric', metric, 'better 1\n', undefined, { kind: 'unreadable' }],
  ['a higher number', rises, '{"n": 4}', '3', { kind: 'taken', stays: 0 }],
  ['the same number', rises, '{"n": 3}', '3', { kind: 'open', overdue: 'rejected' }],
  ['a lower number, for a while', rises, '{"n": 0}', '3', { kind: 'taken', stays: 2000 }],
  ['no number', rises, '{"n": "4"}', '3', { kind: 'unreadable' }],
])('%s', (_name, confirmation, body, baseline, expected) => {
  expect(judge(confirmation, body, { baseline, publishedAt: 0 })).toMatchObject(expected);
});

describe('the counters of Envoy', () => {
  const { confirm } = presets.envoy;
  if (confirm?.kind !== 'counters') throw new Error('no counters');

  test('leave out those of clusters, which look up names all the time', () => {
    const body = [
      'cluster.a.update_success: 90',
      'cluster_manager.cds.update_success: 1',
      'listener_manager.lds.update_success: 2',
      'http.in.rds.local.update_success: 4',
      'http.in.scoped_rds.s.update_success: 8',
      'sds.cert.update_success: 16',
      'runtime.load_success: 32',
      'cluster.a.update_failure: 90',
      'sds.cert.update_failure: 1',
      'listener_manager.lds.update_rejected: 2',
      'runtime.load_error: 4',
    ].join('\n');
    expect(countersText(confirm, body)).toBe('{"taken":63,"rejected":7}');
  });

  test('are none of an Envoy that reads no files', () => {
    expect(countersText(confirm, 'server.live: 1\n')).toBeUndefined();
    expect(judge(confirm, 'server.live: 1\n', { baseline: undefined, publishedAt: 0 })).toMatchObject({
      kind: 'unreadable',
      said: expect.stringContaining('watched_directory'),
    });
  });

  test('from before that nobody can read are as none', () => {
    const body = 'listener_manager.lds.update_success: 2\nlistener_manager.lds.update_time: 5\n';
    expect(judge(confirm, body, { baseline: 'junk', publishedAt: 4 }).kind).toBe('taken');
    expect(judge(confirm, body, { baseline: '{"taken":2}', publishedAt: 6 }).kind).toBe('open');
  });
});

describe('a path beside the reload URL', () => {
  test.each([
    ['prometheus', 'http://h:9090/-/reload', '/-/ready', 'http://h:9090/-/ready'],
    ['prometheus', 'http://h:9090/prom/-/reload/', '/-/ready', 'http://h:9090/prom/-/ready'],
    ['prometheus', 'http://u:p@h:9090/-/reload?token=x', '/-/ready', 'http://u:p@h:9090/-/ready'],
    ['prometheus', 'http://h/custom', '/-/ready', 'http://h/-/ready'],
    ['envoy', 'http://h:9901/', '/stats?filter=x', 'http://h:9901/stats?filter=x'],
    ['envoy', 'http://h:9901/envoy/', '/stats', 'http://h:9901/envoy/stats'],
    ['nginx', 'http://h/a', '/b', 'http://h/b'],
  ] as const)('%s, %s, %s', (preset, url, path, expected) => {
    expect(besideReload(new URL(url), presets[preset], path).href).toBe(expected);
  });
});
