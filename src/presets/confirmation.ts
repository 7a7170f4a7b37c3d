import type { PresetName } from './names.ts';
import type { ProcessConfirmation } from './preset.ts';
import { presets } from './presets.ts';

/** What a preset waits for after its signal. Another signal does something else, and nothing is known of that. */
export function processConfirmation(
  name: PresetName | undefined,
  signal: NodeJS.Signals | undefined,
): ProcessConfirmation | undefined {
  if (name === undefined) return undefined;
  const { settings, confirm } = presets[name];
  return confirm === undefined || 'path' in confirm || settings.reloadSignal !== signal ? undefined : confirm;
}
