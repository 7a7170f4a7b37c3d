import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { flagsBeside } from '../../src/platform/memory.ts';

test('nothing given: memory goes before speed', () => {
  expect(flagsBeside([])).toContain('--no-opt');
  expect(flagsBeside([''])).toEqual(flagsBeside([]));
});

test('this Node.js knows every flag', async () => {
  const program = `for (const flag of ${JSON.stringify(flagsBeside([]))}) require('v8').setFlagsFromString(flag)`;
  expect(await promisify(execFile)(process.execPath, ['-e', program])).toEqual({ stdout: '', stderr: '' });
});

test.each([
  ['--opt', '--no-opt'],
  ['--no-opt', '--no-opt'],
  ['--no_opt', '--no-opt'],
  ['--max-semi-space-size=16', '--max-semi-space-size=1'],
  ['--max_semi_space_size=16', '--max-semi-space-size=1'],
])('%s is left as it was given', (given, own) => {
  const left = flagsBeside(['--enable-source-maps', given]);
  expect(left).toEqual(flagsBeside([]).filter((flag) => flag !== own));
  expect(left).not.toHaveLength(flagsBeside([]).length);
});
