import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { readCommandLine } from './command-line.ts';

const read = (...args: string[]) => readCommandLine(args, ['idle', 'delivery']);

test('peers are programs by the name of their adapter', () => {
  const { peers } = read('--peer', 'git-sync=/bin/sh', '--peer=aws-s3-sync=package.json');
  expect([...peers]).toEqual([
    ['git-sync', '/bin/sh'],
    ['aws-s3-sync', resolve('package.json')],
  ]);
});

test('the program is a file, wherever what is measured runs', () => {
  expect(read('--program', 'package.json').program).toBe(resolve('package.json'));
  expect(read().program).toBeUndefined();
});

test.each([
  ['--program=/nowhere/wherry.cjs', 'no such file'],
  ['--peer=git-sync', 'NAME=PATH'],
  ['--peer=rsync=/bin/sh', 'git-sync, aws-s3-sync'],
  ['--peer=git-sync=', 'no such file'],
  ['--peer=git-sync=/nowhere/git-sync', 'no such file'],
  ['--only=idel', 'there is no scenario idel; there are idle, delivery'],
  ['--runs=0', 'a whole number from 1 on'],
  ['--fast', '--fast'],
])('%s is refused with its reason', (word, reason) => {
  expect(() => read(word)).toThrow(reason);
});
