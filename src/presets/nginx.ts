import type { Preset } from './preset.ts';

/** SIGHUP to the master. It never says no: a configuration that it refuses shows in that no new workers come. */
export const nginx: Preset = {
  application: 'nginx',
  settings: { reloadSignal: 'SIGHUP', reloadProcess: 'nginx' },
  confirm: { kind: 'new-workers', within: 10_000, stays: 250 },
  validator: 'nginx -t -c {staged}/nginx.conf',
};
