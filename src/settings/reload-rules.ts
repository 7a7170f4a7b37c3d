import { idle } from './idle.ts';
import type { SettingKey, Settings } from './schema.ts';

/** What the settings of signals need, exclude or have no effect without. */
export function reloadRules(settings: Settings, given: ReadonlySet<string>): readonly string[] {
  const { reloadSignal, reloadProcess } = settings;
  const problems: string[] = [];
  if (settings.reloadUrl !== undefined) problems.push(...callRules(settings, settings.reloadUrl, given));
  else if (!given.has('reloadUrl')) problems.push(...idle(ofUrl, given, 'WHERRY_RELOAD_URL'));
  if (reloadSignal !== undefined && reloadProcess === undefined) {
    problems.push('WHERRY_RELOAD_SIGNAL: set without WHERRY_RELOAD_PROCESS; name the process that gets it');
  }
  if (reloadProcess !== undefined && reloadSignal === undefined) {
    problems.push('WHERRY_RELOAD_PROCESS: set without WHERRY_RELOAD_SIGNAL; name the signal, e.g. SIGHUP');
  }
  const isTold = ['reloadUrl', 'reloadSignal', 'sentinel', 'reloadPreset'].some((key) => given.has(key));
  if (!isTold) {
    const needs = 'WHERRY_RELOAD_URL, WHERRY_RELOAD_SIGNAL or WHERRY_SENTINEL';
    problems.push(...idle(['reloadOnStart', 'rollback'], given, needs));
  }
  return problems;
}

const ofUrl: readonly SettingKey[] = [
  'reloadMethod',
  'reloadBody',
  'reloadHeaders',
  'reloadUsername',
  'reloadPassword',
  'reloadCa',
  'reloadExpect',
  'reloadTimeout',
];

function callRules(settings: Settings, urls: readonly URL[], given: ReadonlySet<string>): readonly string[] {
  const { reloadUsername, reloadPassword, reloadMethod } = settings;
  const problems: string[] = [];
  if ((reloadUsername === undefined) !== (reloadPassword === undefined)) {
    problems.push('WHERRY_RELOAD_USERNAME, WHERRY_RELOAD_PASSWORD: only one of the two is set; set both');
  }
  if (reloadUsername !== undefined && urls.some(({ username }) => username !== '')) {
    problems.push('WHERRY_RELOAD_USERNAME: WHERRY_RELOAD_URL holds a user name too; keep one of the two');
  }
  if (reloadMethod === 'GET' || reloadMethod === 'HEAD') {
    problems.push(...idle(['reloadBody'], given, 'a method that has a body, such as POST'));
  }
  if (urls.every(({ protocol }) => protocol === 'http:')) {
    problems.push(...idle(['reloadCa'], given, 'an https:// WHERRY_RELOAD_URL'));
  }
  return problems;
}
