import type { Preset } from './preset.ts';

/** `POST /-/reload` answers when the configuration is in force, or with why it is not. */
export const alertmanager: Preset = {
  application: 'Alertmanager',
  settings: { reloadUrl: 'http://127.0.0.1:9093/-/reload', reloadMethod: 'POST', reloadExpect: '200' },
  ready: '/-/ready',
  confirm: {
    kind: 'metric-equals',
    path: '/metrics',
    metric: 'alertmanager_config_last_reload_successful',
    value: 1,
  },
  validator: 'amtool check-config {staged}/alertmanager.yml',
};
