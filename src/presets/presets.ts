import type { PresetName } from './names.ts';
import { nginx } from './nginx.ts';
import type { Preset } from './preset.ts';
import { prometheus } from './prometheus.ts';

export const presets: Readonly<Record<PresetName, Preset>> = {
  prometheus,
  nginx,
} as unknown as Readonly<Record<PresetName, Preset>>;
