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
