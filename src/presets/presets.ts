import { alertmanager } from './alertmanager.ts';
import { caddy } from './caddy.ts';
import { envoy } from './envoy.ts';
import { fluentBit } from './fluent-bit.ts';
import { grafana } from './grafana.ts';
import type { PresetName } from './names.ts';
import { nginx } from './nginx.ts';
import type { Preset } from './preset.ts';
import { prometheus } from './prometheus.ts';
import { spring } from './spring.ts';

export const presets: Readonly<Record<PresetName, Preset>> = {
  prometheus,
  alertmanager,
  'fluent-bit': fluentBit,
  grafana,
  spring,
  nginx,
  envoy,
  caddy,
} as unknown as Readonly<Record<PresetName, Preset>>;
