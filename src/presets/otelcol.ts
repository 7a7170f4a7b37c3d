import type { Preset } from './preset.ts';

/** SIGHUP stops every pipeline and builds them anew; a configuration that it cannot load ends the process. */
export const otelcol: Preset = {
  application: 'the OpenTelemetry Collector',
  settings: { reloadSignal: 'SIGHUP', reloadProcess: 'otelcol' },
  confirm: { kind: 'survives', for: 3000 },
  validator: 'otelcol validate --config={staged}/config.yaml',
  needsValidator: true,
};
