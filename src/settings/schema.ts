import type { Layer } from './layers/schema.ts';
import { adminSettings } from './sections/admin.ts';
import { commonSettings } from './sections/common.ts';
import { directorySettings } from './sections/directory.ts';
import { gateSettings } from './sections/gate.ts';
import { gitSettings } from './sections/git.ts';
import { layersSettings } from './sections/layers.ts';
import { s3Settings } from './sections/s3.ts';
import type { Setting } from './setting.ts';

/** Every setting that this version has. `gitRepo` is `WHERRY_GIT_REPO` and `--git-repo`. */
export const schema = {
  ...commonSettings,
  ...gitSettings,
  ...s3Settings,
  ...directorySettings,
  ...layersSettings,
  ...gateSettings,
  ...adminSettings,
} as const;

export type SettingKey = keyof typeof schema;
export const settingKeys = Object.keys(schema) as readonly SettingKey[];

type ValueOf<S> =
  S extends Setting<infer T, infer Default> ? (Default extends string ? T : T | undefined) : never;
/** The parsed settings. Durations are milliseconds, sizes bytes, shares fractions. */
export type Settings = { readonly [K in SettingKey]: ValueOf<(typeof schema)[K]> } & {
  /** What `WHERRY_LAYERS` names, in its order; undefined for a set of one source. */
  readonly layerList?: readonly Layer[];
};

/** `gitSshKey` → `WHERRY_GIT_SSH_KEY`. */
export function variableName(key: string): string {
  return `WHERRY_${key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

/** `WHERRY_GIT_SSH_KEY` → `--git-ssh-key`. */
export function flagName(variable: string): string {
  return `--${variable.slice('WHERRY_'.length).toLowerCase().replaceAll('_', '-')}`;
}
