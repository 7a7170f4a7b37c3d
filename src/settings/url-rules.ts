import { presets } from '../presets/presets.ts';
import { idle, idleWith } from './idle.ts';
import type { SettingKey, Settings } from './schema.ts';

/** What the settings of HTTP calls need, exclude or have no effect without. */
export function urlRules(settings: Settings, given: ReadonlySet<string>): readonly string[] {
  const { reloadUrl, reloadPreset } = settings;
  if (reloadUrl === undefined) {
    // One that did not parse has been reported.
    return given.has('reloadUrl') ? [] : idle(ofCall, given, 'WHERRY_RELOAD_URL');
  }
  const sockets = reloadUrl.filter(({ protocol }) => protocol === 'unix:' || protocol === 'tcp:');
  const urls = reloadUrl.filter((url) => !sockets.includes(url));
  const isWatched = reloadPreset !== undefined && presets[reloadPreset].call === 'none';
  return [
    ...(reloadPreset === 'haproxy' ? urls.map(refusedCall) : sockets.map(refusedSocket)),
    ...(urls.length === 0
      ? idle(ofCall, given, 'an http:// or https:// URL in WHERRY_RELOAD_URL')
      : callRules(settings, urls, given)),
    ...(isWatched
      ? idleWith(ofRequest, given, `WHERRY_RELOAD_PRESET=${reloadPreset}, which calls nothing`)
      : []),
  ];
}

/** What makes up the call that tells. */
const ofRequest: readonly SettingKey[] = ['reloadMethod', 'reloadBody', 'reloadExpect'];
const ofCall: readonly SettingKey[] = [
  ...ofRequest,
  'reloadHeaders',
  'reloadUsername',
  'reloadPassword',
  'reloadCa',
];

function refusedSocket({ protocol, host, pathname }: URL): string {
  return `WHERRY_RELOAD_URL: "${protocol}//${host}${pathname}" can only be HAProxy's master CLI; set WHERRY_RELOAD_PRESET=haproxy, or write an http:// or https:// URL`;
}

function refusedCall({ origin, pathname }: URL): string {
  return `WHERRY_RELOAD_URL: "${origin}${pathname}" does not reach HAProxy's master CLI; write unix:///path or tcp://host:port, or leave it out for the signal`;
}

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
