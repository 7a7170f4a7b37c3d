import type { PresetName } from '../presets/names.ts';
import { presets } from '../presets/presets.ts';
import { type SettingKey, schema } from './schema.ts';

/** Ways of telling the application: a preset has one of them, and whoever chooses one himself replaces it. */
const channels: readonly (readonly SettingKey[])[] = [
  ['reloadUrl'],
  ['reloadSignal', 'reloadProcess'],
  ['reloadExec'],
];

/** The texts that a preset puts in the place of defaults, by the key of the setting. */
export function presetValues(
  name: string | undefined,
  given: ReadonlySet<string>,
): ReadonlyMap<string, string> {
  const known = name === undefined ? undefined : schema.reloadPreset.kind.parse(name);
  if (known === undefined) return new Map();
  const own = Object.entries(settingsOf(known));
  const isReplaced = (key: string) =>
    channels.some((channel) => {
      const isOwn = own.some(([other]) => channel.some((one) => one === other));
      return !channel.some((one) => one === key) && !isOwn && channel.some((one) => given.has(one));
    });
  return new Map(own.filter(([key]) => !isChannel(key) || !isReplaced(key)));
}

function isChannel(key: string): boolean {
  return channels.flat().some((one) => one === key);
}

function settingsOf(name: PresetName): Readonly<Record<string, string>> {
  return presets[name].settings;
}
