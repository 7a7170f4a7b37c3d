import type { PresetName } from '../presets/names.ts';
import type { PresetSetting } from '../presets/preset.ts';
import { presets } from '../presets/presets.ts';
import { schema } from './schema.ts';

/** The texts that a preset puts in the place of defaults, by the key of the setting. */
export function presetValues(
  name: string | undefined,
  given: ReadonlySet<string>,
): ReadonlyMap<string, string> {
  const known = name === undefined ? undefined : schema.reloadPreset.kind.parse(name);
  return new Map(known === undefined ? [] : textsOf(known, given));
}

function textsOf(name: PresetName, given: ReadonlySet<string>): readonly (readonly [string, string])[] {
  const { settings, urlReplacesSignal } = presets[name];
  const texts = Object.entries(settings);
  const ofSignal: readonly PresetSetting[] = ['reloadSignal', 'reloadProcess'];
  return urlReplacesSignal === true && given.has('reloadUrl')
    ? texts.filter(([key]) => !ofSignal.some((one) => one === key))
    : texts;
}
