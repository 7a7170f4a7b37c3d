import { expect, test } from 'vitest';
import { loadSettings, SettingsErrors } from '../../src/settings/settings.ts';

function problemsOf(more: NodeJS.ProcessEnv): readonly string[] {
  const base = { WHERRY_SOURCE: 'git', WHERRY_GIT_REPO: '/srv/config.git', WHERRY_TARGET: '/config' };
  try {
    loadSettings({ env: { ...base, ...more }, flags: new Map(), complete: true });
    return [];
  } catch (error) {
    if (error instanceof SettingsErrors) return error.problems;
    throw error;
  }
}

test('only plain files adopt names', () => {
  expect(problemsOf({ WHERRY_PUBLISH: 'rename', WHERRY_ADOPT: 'true' })).toEqual([]);
  expect(problemsOf({ WHERRY_ADOPT: 'true' })).toEqual([
    'WHERRY_ADOPT: has no effect without WHERRY_PUBLISH=rename; remove it',
  ]);
});

test.each(['..generations', '..generations/x', '..generations_tmp'])('%s is no state directory', (name) => {
  expect(problemsOf({ WHERRY_STATE_DIR: `/config/${name}` })).toEqual([
    expect.stringContaining('lies where published files go'),
  ]);
});

test.each(['generations', 'git/x', 's3', 'layers'])(
  'no target lies in %s of the state directory, where Wherry keeps files of its own',
  (name) => {
    const places = { WHERRY_STATE_DIR: '/state', WHERRY_TARGET: `/state/${name}` };
    expect(problemsOf(places)).toEqual([expect.stringContaining('lies where Wherry keeps files of its own')]);
  },
);

test('a target may lie in the state directory under another name', () => {
  expect(problemsOf({ WHERRY_STATE_DIR: '/data', WHERRY_TARGET: '/data/config' })).toEqual([]);
});
