import { expect, test } from 'vitest';
import { loadSettings, SettingsErrors } from '../../src/settings/settings.ts';

function problemsOf(env: NodeJS.ProcessEnv): readonly string[] {
  try {
    loadSettings({ env: { WHERRY_SOURCE: 'dir', ...env }, flags: new Map(), complete: true });
    return [];
  } catch (error) {
    if (error instanceof SettingsErrors) return error.problems;
    throw error;
  }
}

test('a directory is required', () => {
  expect(problemsOf({})).toEqual([
    'WHERRY_DIR_PATH: required with WHERRY_SOURCE=dir; set it to the directory to read',
  ]);
});

test.each([
  ['/config', '/config'],
  ['/config/sub', '/config'],
  ['/mnt', '/mnt/config'],
  ['/', '/config'],
])('%s is not read and published to %s', (path, target) => {
  expect(problemsOf({ WHERRY_DIR_PATH: path, WHERRY_TARGET: target })).toEqual([
    expect.stringContaining(`"${path}" and WHERRY_TARGET "${target}" lie in each other`),
  ]);
});

test('another one is, also one whose name only begins like the target', () => {
  expect(problemsOf({ WHERRY_DIR_PATH: '/config-source', WHERRY_TARGET: '/config' })).toEqual([]);
});

test('the settings of other sources have no effect, and say so', () => {
  expect(problemsOf({ WHERRY_DIR_PATH: '/mnt', WHERRY_GIT_REF: 'main', WHERRY_S3_BUCKET: 'cfg' })).toEqual([
    'WHERRY_GIT_REF: has no effect without WHERRY_SOURCE=git; remove it',
    'WHERRY_S3_BUCKET: has no effect without WHERRY_SOURCE=s3; remove it',
  ]);
});
