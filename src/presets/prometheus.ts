import type { Preset } from './preset.ts';

/** `POST /-/reload` answers when the configuration is in force; while the TSDB starts it would only hang. */
export const prometheus: Preset = {
  application: 'Prometheus',
  settings: { reloadUrl: 'http://127.0.0.1:9090/-/reload', reloadMethod: 'POST', reloadExpect: '200' },
  ready: '/-/ready',
  confirm: {
    kind: 'json-equals',
    path: '/api/v1/status/runtimeinfo',
    pointer: '/data/reloadConfigSuccess',
    value: 'true',
  },
  cures: { 403: 'start Prometheus with --web.enable-lifecycle' },
  validator: 'promtool check config {staged}/prometheus.yml',
};
