import { type SettingKey, type Settings, schema, settingKeys, variableName } from '../schema.ts';
import { inSection, type Section, type Setting } from '../setting.ts';
import { mountPath } from './names.ts';

/** The source of a layer, and where its files appear. */
export interface Layer {
  readonly name: string;
  /** Empty = the root of the set. */
  readonly mount: string;
  /** The common settings, and those of this layer's source under the names that a source knows. */
  readonly settings: Settings;
}

const sections: readonly Section[] = ['git', 's3', 'directory'];
const single: readonly SettingKey[] = ['source', 'include', 'exclude'];

/** The settings that each layer has for itself, and that a set of layers does not have. */
export const sourceKeys: readonly SettingKey[] = settingKeys.filter(
  (key) => single.includes(key) || sections.includes(schema[key].section),
);

const mount = inSection('layers')(mountPath, {
  default: '.',
  defaultNote: 'the root of the set',
  meaning: 'the directory of the set in which this layer’s files appear, e.g. `overrides/`',
});

/** By their keys, those of `schema` and `mount`. */
export const layerSchema: Readonly<Record<string, Setting<unknown>>> = {
  mount,
  ...Object.fromEntries(sourceKeys.map((key) => [key, schema[key]])),
};

/** `site`, `gitRepo` → `WHERRY_SITE_GIT_REPO`. */
export function layerVariable(layer: string, key: string): string {
  return `${layerPrefix(layer)}${variableName(key).slice('WHERRY_'.length)}`;
}

/** What the names of a layer's settings begin with: `WHERRY_SITE_`. */
export function layerPrefix(layer: string): string {
  return `WHERRY_${layer.toUpperCase().replaceAll('-', '_')}_`;
}

const tails = Object.keys(layerSchema).map((key) => layerVariable('', key).slice('WHERRY_'.length));

/** Whether a name has the form of a layer's setting: `WHERRY_SITE_GIT_REPO`, whatever layers there are. */
export function isLayerVariable(variable: string): boolean {
  const name = variable.replace(/_FILE$/, '');
  return tails.some((tail) => name.endsWith(tail) && name.length > `WHERRY${tail}`.length);
}
