import { describe, expect, test } from 'vitest';
import { presets } from '../../src/presets/presets.ts';
import { schema } from '../../src/settings/schema.ts';
import { loadSettings } from '../../src/settings/settings.ts';

function settingsOf(env: Readonly<Record<string, string>>) {
  return loadSettings({ env: { ...env }, flags: new Map(), complete: false }).settings;
}

test.each(Object.entries(presets))('every text of %s is one that a user could write', (_name, preset) => {
  for (const [key, text] of Object.entries(preset.settings)) {
    const { kind } = schema[key as keyof typeof preset.settings];
    expect(kind.parse(text), `${key}: ${text}`).toBeDefined();
  }
});

describe('a preset', () => {
  test('takes the place of defaults', () => {
    const { reloadUrl, reloadBody, reloadExpect } = settingsOf({ WHERRY_RELOAD_PRESET: 'fluent-bit' });
    expect(reloadUrl?.map(String)).toEqual(['http://127.0.0.1:2020/api/v2/reload']);
    expect(reloadBody).toBe('{}');
    expect(reloadExpect.text).toBe('200');
  });

  test('gives way to what the user sets', () => {
    const { reloadUrl, reloadBody } = settingsOf({
      WHERRY_RELOAD_PRESET: 'caddy',
      WHERRY_RELOAD_URL: 'http://127.0.0.1:9/load',
      WHERRY_RELOAD_BODY: '@caddy.json',
    });
    expect(reloadUrl?.map(String)).toEqual(['http://127.0.0.1:9/load']);
    expect(reloadBody).toBe('@caddy.json');
  });

  test('is told beside what the user sets in other ways', () => {
    const settings = settingsOf({
      WHERRY_RELOAD_PRESET: 'nginx',
      WHERRY_RELOAD_URL: 'http://127.0.0.1:9/reload',
      WHERRY_RELOAD_EXEC: 'true',
    });
    expect(settings).toMatchObject({ reloadSignal: 'SIGHUP', reloadProcess: 'nginx', reloadExec: 'true' });
  });

  test('of HAProxy is told over the master CLI instead, where that is the URL', () => {
    const url = 'unix:///run/haproxy/master.sock';
    const settings = settingsOf({ WHERRY_RELOAD_PRESET: 'haproxy', WHERRY_RELOAD_URL: url });
    expect(settings.reloadSignal).toBeUndefined();
    expect(settings.reloadUrl?.map(String)).toEqual([url]);
  });

  test('of Traefik publishes plain files, unless the user wants otherwise', () => {
    expect(settingsOf({ WHERRY_RELOAD_PRESET: 'traefik', WHERRY_ADOPT: 'true' }).publish).toBe('rename');
    expect(settingsOf({ WHERRY_RELOAD_PRESET: 'traefik', WHERRY_PUBLISH: 'symlink' }).publish).toBe(
      'symlink',
    );
  });

  test('may come with credentials alone', () => {
    const env = {
      WHERRY_SOURCE: 'git',
      WHERRY_GIT_REPO: 'https://git.example/x.git',
      WHERRY_RELOAD_PRESET: 'grafana',
      WHERRY_RELOAD_USERNAME: 'admin',
      WHERRY_RELOAD_PASSWORD: 'secret',
    };
    expect(() => loadSettings({ env, flags: new Map(), complete: true })).not.toThrow();
  });
});
