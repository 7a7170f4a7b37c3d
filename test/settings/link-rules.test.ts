import { expect, test } from 'vitest';
import { loadSettings, SettingsErrors } from '../../src/settings/settings.ts';

const base = { WHERRY_SOURCE: 'git', WHERRY_GIT_REPO: '/srv/config.git', WHERRY_TARGET: '/config' };

function settingsUnder(more: NodeJS.ProcessEnv) {
  return loadSettings({ env: { ...base, ...more }, flags: new Map(), complete: true }).settings;
}

function problemsOf(more: NodeJS.ProcessEnv): readonly string[] {
  try {
    settingsUnder(more);
    return [];
  } catch (error) {
    if (error instanceof SettingsErrors) return error.problems;
    throw error;
  }
}

test('the link is called current unless it is named', () => {
  expect(settingsUnder({ WHERRY_PUBLISH: 'link' })).toMatchObject({ publish: 'link', linkName: 'current' });
  expect(settingsUnder({ WHERRY_PUBLISH: 'link', WHERRY_LINK_NAME: 'repo.git' }).linkName).toBe('repo.git');
});

test.each(['a/b', '/current', '..current', '..data', '.', '..', '.wherry-generations', 'x'.repeat(256)])(
  'a link cannot be called %s',
  (name) => {
    expect(problemsOf({ WHERRY_PUBLISH: 'link', WHERRY_LINK_NAME: name })).toEqual([
      expect.stringMatching(/^WHERRY_LINK_NAME: .* is not one name such as current: /),
    ]);
  },
);

test('without a link its name would be ignored, and is refused', () => {
  expect(problemsOf({ WHERRY_LINK_NAME: 'live' })).toEqual([
    'WHERRY_LINK_NAME: has no effect without WHERRY_PUBLISH=link; remove it',
  ]);
});

test.each([
  ['WHERRY_SENTINEL', 'current'],
  ['WHERRY_SENTINEL', 'current/reloaded'],
  ['WHERRY_ACK', 'current/loaded'],
  ['WHERRY_ACK', '/config/current'],
])('%s=%s is not put where the link is', (variable, path) => {
  expect(problemsOf({ WHERRY_PUBLISH: 'link', [variable]: path })).toEqual([
    expect.stringMatching(`^${variable}: ".*" has the name of the link to the set`),
  ]);
});

test('beside the link there is room', () => {
  expect(problemsOf({ WHERRY_PUBLISH: 'link', WHERRY_SENTINEL: 'currently', WHERRY_ACK: 'loaded' })).toEqual(
    [],
  );
});

test.each(['WHERRY_SENTINEL', 'WHERRY_ACK'])('%s is not put among the generations', (variable) => {
  expect(problemsOf({ [variable]: '.wherry-generations/x' })).toEqual([
    `${variable}: ".wherry-generations/x" lies where generations are kept; choose another path`,
  ]);
});
