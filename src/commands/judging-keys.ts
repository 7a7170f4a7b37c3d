import { createHash } from 'node:crypto';
import type { Keys } from '../engine/machine/state.ts';
import { sourceKeys } from '../settings/layers/schema.ts';
import { type SettingKey, type Settings, schema } from '../settings/schema.ts';

/** Settings that shape the set, or decide whether it is let in. */
const setKeys: readonly SettingKey[] = [
  'source',
  'gitRepo',
  'gitRef',
  'gitPath',
  'gitSubmodules',
  'dirPath',
  's3Bucket',
  's3Object',
  's3Archive',
  's3Pointer',
  's3Prefix',
  's3Marker',
  's3AsOf',
  's3Endpoint',
  's3Region',
  's3BadKeys',
  'include',
  'exclude',
  'publish',
  'linkName',
  'fileMode',
  'dirMode',
  'symlinks',
  'maxFiles',
  'maxBytes',
  'maxDelete',
  'require',
  'allowEmpty',
  'validate',
  'validateSchema',
  'validateExec',
  'sentinel',
  'ack',
];

/** Settings of the targets and the verification: under others the same set may be told again. */
const reloadKeys: readonly SettingKey[] = [
  'reloadPreset',
  'reloadUrl',
  'reloadMethod',
  'reloadBody',
  'reloadHeaders',
  'reloadUsername',
  'reloadPassword',
  'reloadCa',
  'reloadExpect',
  'reloadTimeout',
  'reloadSignal',
  'reloadProcess',
  'reloadExec',
  'reloadWhen',
  'sentinel',
  'ack',
  'verifyUrl',
  'verifyExpect',
  'verifyTimeout',
  'bakeTime',
];

/** `judges` is false for commands that tell nobody. */
export function keysOf(settings: Settings, judges: boolean): Keys {
  return { setKey: setKeyOf(settings), reloadKey: judges ? reloadKeyOf(settings) : undefined };
}

function setKeyOf(settings: Settings): string {
  const { layerList = [] } = settings;
  const layers = layerList.map(({ name, mount, settings: own }) => [
    name,
    mount,
    ...shaping(own, sourceKeys),
  ]);
  return digestOf([...shaping(settings, setKeys), ...layers]).slice(0, 32);
}

function shaping(settings: Settings, keys: readonly SettingKey[]): readonly unknown[] {
  return setKeys.filter((key) => keys.includes(key)).map((key) => [key, withoutCredentials(settings[key])]);
}

/** A mended header or password counts as a change too; four digits of a digest tell it without giving it away. */
function reloadKeyOf(settings: Settings): string {
  const mark = digestOf(reloadKeys.map((key) => settings[key])).slice(0, 4);
  const told = reloadKeys
    .filter((key) => !schema[key].secret)
    .map((key) => withoutCredentials(settings[key]));
  return `${digestOf(told).slice(0, 28)}${mark}`;
}

function digestOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}

function withoutCredentials(value: unknown): unknown {
  if (value instanceof URL) return `${value.protocol}//${value.host}${value.pathname}`;
  if (Array.isArray(value)) return value.map(withoutCredentials);
  return typeof value === 'object' && value !== null && 'display' in value ? value.display : value;
}
