import { alertmanager } from './alertmanager.ts';
import { caddy } from './caddy.ts';
import { envoy } from './envoy.ts';
import { fluentBit } from './fluent-bit.ts';
import { grafana } from './grafana.ts';
import { haproxy } from './haproxy.ts';
import type { PresetName } from './names.ts';
import { nginx } from './nginx.ts';
import { otelcol } from './otelcol.ts';
import type { Preset } from './preset.ts';
import { prometheus } from './prometheus.ts';
import { spring } from './spring.ts';
import { traefik } from './traefik.ts';

export const presets: Readonly<Record<PresetName, Preset>> = {
  prometheus,
  alertmanager,
  'fluent-bit': fluentBit,
  grafana,
  spring,
  nginx,
  haproxy,
  envoy,
  traefik,
  otelcol,
  caddy,
};
