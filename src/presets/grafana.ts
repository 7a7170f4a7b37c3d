import type { Preset } from './preset.ts';

const serverAdmin =
  'put the name and the password of a Grafana server admin in WHERRY_RELOAD_USERNAME and WHERRY_RELOAD_PASSWORD; tokens of service accounts are not enough';

/** Provisioning is read again by kind; data sources first, because dashboards name them. */
export const grafana: Preset = {
  application: 'Grafana',
  settings: {
    reloadUrl: [
      'http://127.0.0.1:3000/api/admin/provisioning/datasources/reload',
      'http://127.0.0.1:3000/api/admin/provisioning/dashboards/reload',
    ].join(','),
    reloadMethod: 'POST',
    reloadExpect: '200',
  },
  cures: { 401: serverAdmin, 403: serverAdmin },
  validator: undefined,
};
