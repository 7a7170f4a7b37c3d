import { formatDuration } from '../platform/units.ts';
import { processConfirmation } from '../presets/confirmation.ts';
import { presets } from '../presets/presets.ts';
import { acknowledgementRules } from './acknowledgement-rules.ts';
import { commandRules } from './command-rules.ts';
import { idle } from './idle.ts';
import { routeRules } from './route-rules.ts';
import type { SettingKey, Settings } from './schema.ts';
import { urlRules } from './url-rules.ts';

/**
 * What the settings of the gate and of what is told need, exclude or have no effect without. What a preset supplies
 * counts as set.
 */
export function reloadRules(settings: Settings, given: ReadonlySet<string>): readonly string[] {
  // One that did not parse is set, and has been reported.
  const isSet = (key: SettingKey) => settings[key] !== undefined || given.has(key);
  return [
    ...urlRules(settings, given),
    ...commandRules(settings, given),
    ...signalRules(settings, isSet),
    ...presetRules(settings, isSet),
    ...(given.has('reloadUrl') && settings.reloadUrl === undefined ? [] : routeRules(settings)),
    ...acknowledgementRules(settings),
    ...debounceRules(settings, given),
    ...idleRules(settings, given, isSet),
  ];
}

function signalRules(
  { reloadSignal, reloadProcess }: Settings,
  isSet: (key: SettingKey) => boolean,
): readonly string[] {
  if (reloadSignal !== undefined && !isSet('reloadProcess')) {
    return ['WHERRY_RELOAD_SIGNAL: set without WHERRY_RELOAD_PROCESS; name the process that gets it'];
  }
  if (reloadProcess !== undefined && !isSet('reloadSignal')) {
    return ['WHERRY_RELOAD_PROCESS: set without WHERRY_RELOAD_SIGNAL; name the signal, e.g. SIGHUP'];
  }
  return [];
}

function presetRules({ reloadPreset }: Settings, isSet: (key: SettingKey) => boolean): readonly string[] {
  if (reloadPreset === undefined) return [];
  const { application, needsValidator, validator } = presets[reloadPreset];
  if (needsValidator !== true || isSet('validateExec')) return [];
  return [
    `WHERRY_RELOAD_PRESET: "${reloadPreset}" needs WHERRY_VALIDATE_EXEC, for ${application} ends when it cannot load a set; set it, e.g. to ${validator}`,
  ];
}

function debounceRules({ debounce, debounceMax }: Settings, given: ReadonlySet<string>): readonly string[] {
  if (debounce === 0) return idle(['debounceMax'], given, 'WHERRY_DEBOUNCE');
  if (debounce === undefined || debounceMax === undefined || debounceMax >= debounce) return [];
  const [longest, quiet] = [debounceMax, debounce].map(formatDuration);
  return [
    `WHERRY_DEBOUNCE_MAX: "${longest}" is less than WHERRY_DEBOUNCE, "${quiet}"; give it at least as much, or leave it out`,
  ];
}

function idleRules(
  settings: Settings,
  given: ReadonlySet<string>,
  isSet: (key: SettingKey) => boolean,
): readonly string[] {
  const { reloadPreset, reloadSignal } = settings;
  const isTold = targets.some(isSet);
  const isWaitedFor =
    (['reloadUrl', 'reloadExec', 'ack'] as const).some(isSet) ||
    processConfirmation(reloadPreset, reloadSignal) !== undefined;
  const idleUnless = (isUsed: boolean, keys: readonly SettingKey[], needs: string) =>
    isUsed ? [] : idle(keys, given, needs);
  return [
    ...idleUnless(
      isWaitedFor,
      ['reloadTimeout'],
      'WHERRY_RELOAD_URL, WHERRY_RELOAD_EXEC, WHERRY_ACK, or a preset that waits for new workers',
    ),
    ...idleUnless(isSet('verifyUrl'), ['verifyExpect', 'verifyTimeout', 'bakeTime'], 'WHERRY_VERIFY_URL'),
    ...idleUnless(isTold, ['reloadOnStart'], anyTarget),
    ...idleUnless(isTold || isSet('verifyUrl'), ['rollback'], `${anyTarget}, or WHERRY_VERIFY_URL`),
  ];
}

const targets = ['reloadUrl', 'reloadSignal', 'reloadExec', 'sentinel', 'ack'] as const;
const anyTarget =
  'something to tell, such as WHERRY_RELOAD_URL, WHERRY_RELOAD_SIGNAL, WHERRY_RELOAD_EXEC or WHERRY_SENTINEL';
