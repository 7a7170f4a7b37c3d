import { expect, test } from 'vitest';
import { keysOf } from '../../src/commands/judging-keys.ts';
import { loadSettings } from '../../src/settings/settings.ts';

const base = {
  WHERRY_SOURCE: 'git',
  WHERRY_GIT_REPO: 'https://git.example.com/config.git',
  WHERRY_RELOAD_URL: 'http://127.0.0.1:8080/reload',
  WHERRY_VERIFY_URL: 'http://127.0.0.1:8080/health',
};

function keysUnder(more: NodeJS.ProcessEnv) {
  return keysOf(loadSettings({ env: { ...base, ...more }, flags: new Map(), complete: true }).settings, true);
}

test.each([
  ['WHERRY_RELOAD_EXPECT', '200'],
  // Where an application is judged by what it shows within this time.
  ['WHERRY_RELOAD_TIMEOUT', '2m'],
  ['WHERRY_RELOAD_HEADERS', 'Authorization: Bearer mended'],
  ['WHERRY_VERIFY_TIMEOUT', '2m'],
])('another %s lets a rejected set be tried again', (variable, value) => {
  const { setKey, reloadKey } = keysUnder({ [variable]: value });
  expect(reloadKey).not.toBe(keysUnder({}).reloadKey);
  expect(setKey).toBe(keysUnder({}).setKey);
});

test('the pace of polling judges nothing', () => {
  expect(keysUnder({ WHERRY_POLL_INTERVAL: '1m' })).toEqual(keysUnder({}));
});

const layers = {
  WHERRY_LAYERS: 'base,site',
  WHERRY_BASE_SOURCE: 'git',
  WHERRY_BASE_GIT_REPO: 'https://git.example.com/config.git',
  WHERRY_SITE_SOURCE: 'dir',
  WHERRY_SITE_DIR_PATH: '/site',
};

function setKeyUnder(more: NodeJS.ProcessEnv): string {
  const env = { ...layers, ...more };
  return keysOf(loadSettings({ env, flags: new Map(), complete: true }).settings, true).setKey;
}

test.each([
  ['WHERRY_LAYERS', 'site,base'],
  ['WHERRY_SITE_MOUNT', 'overrides/'],
  ['WHERRY_SITE_DIR_PATH', '/other'],
  ['WHERRY_BASE_GIT_REF', 'v2'],
  ['WHERRY_BASE_EXCLUDE', 'secrets'],
])('another %s makes another set of layers', (variable, value) => {
  expect(setKeyUnder({ [variable]: value })).not.toBe(setKeyUnder({}));
});

test('the credentials of a layer make no other set', () => {
  expect(setKeyUnder({ WHERRY_BASE_GIT_TOKEN: 'mended' })).toBe(setKeyUnder({}));
});
