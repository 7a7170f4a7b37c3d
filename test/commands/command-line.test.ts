import { describe, expect, test } from 'vitest';
import { parseCommandLine } from '../../src/commands/command-line.ts';

describe('the command line', () => {
  test('without a word leaves the command to the settings', () => {
    expect(parseCommandLine([]).command).toBeUndefined();
  });

  test('takes flags with =, with a value after them, and alone for true', () => {
    const { flags } = parseCommandLine([
      'run',
      '--git-ref=a=b',
      '--git-repo',
      'x',
      '--allow-empty',
      '--fsync',
      'false',
    ]);
    expect([...flags]).toEqual([
      ['--git-ref', 'a=b'],
      ['--git-repo', 'x'],
      ['--allow-empty', 'true'],
      ['--fsync', 'false'],
    ]);
  });

  test('takes the flags of layers, alone for true too', () => {
    const { flags } = parseCommandLine([
      '--site-s3-path-style',
      '--site-git-repo=x',
      '--base-git-ca-file',
      'y',
    ]);
    expect([...flags]).toEqual([
      ['--site-s3-path-style', 'true'],
      ['--site-git-repo', 'x'],
      ['--base-git-ca-file', 'y'],
    ]);
  });

  test('knows the switches of each command', () => {
    expect(parseCommandLine(['status', '--json']).switches.has('--json')).toBe(true);
    expect(() => parseCommandLine(['run', '--json'])).toThrow('--json: has no meaning for `wherry run`');
  });

  test.each(['hold', 'resume', 'rollback'])('%s takes no word, pin takes one', (command) => {
    expect(parseCommandLine([command, '--json'])).toMatchObject({ command, words: [] });
    expect(() => parseCommandLine([command, 'main'])).toThrow('main: not expected here');
    expect(parseCommandLine(['pin', 'main', '--target', '/x'])).toMatchObject({ words: ['main'] });
    expect(() => parseCommandLine(['pin', 'main', 'more'])).toThrow('more: not expected here');
  });

  test('knows what has a value for the command that it is given to, wherever that stands', () => {
    const argv = ['--s3-region=x', 'release', '--pointer', 'k', '--rollback', 's3://b/p', '--message=a b'];
    expect(parseCommandLine(argv)).toMatchObject({
      command: 'release',
      words: ['s3://b/p'],
      options: new Map([
        ['--pointer', 'k'],
        ['--rollback', ''],
        ['--message', 'a b'],
      ]),
      flags: new Map([['--s3-region', 'x']]),
    });
    expect(parseCommandLine(['release', '--rollback', 'r1']).options.get('--rollback')).toBe('r1');
    expect(parseCommandLine(['run', '--rollback', 'false']).flags.get('--rollback')).toBe('false');
  });

  test('leaves an unknown flag without a value to be named as unknown', () => {
    expect(parseCommandLine(['init', '--git-repoo']).flags).toEqual(new Map([['--git-repoo', '']]));
  });

  test('answers --help about a command that has its own', () => {
    expect(parseCommandLine(['release', '--help'])).toMatchObject({ command: 'help', words: ['release'] });
    expect(parseCommandLine(['help', 'release'])).toMatchObject({ command: 'help', words: ['release'] });
  });

  test('answers --help and --version whatever else is said', () => {
    expect(parseCommandLine(['run', '--help']).command).toBe('help');
    expect(parseCommandLine(['-V']).command).toBe('version');
  });

  test.each([
    [['statsu'], 'statsu: no such command; did you mean status?'],
    [['relay'], 'relay: this command is not part of this version'],
    [['release', 'd', 's3://b/p', 'more'], 'more: not expected here'],
    [['release', '--pointer'], '--pointer: needs a value; write --pointer VALUE'],
    [['release', '--pointer', 'a', '--pointer=b'], '--pointer: is there twice'],
    [['release', 'd', '--frce'], '--frce: no such flag; did you mean --force?'],
    [['release', 'd', '--pointr', 'key'], '--pointr: no such flag; did you mean --pointer?'],
    [['run', 'more'], 'more: not expected here'],
    [['-x'], '-x: no such flag'],
    [['--git-repo'], '--git-repo: needs a value'],
    [['--git-repo', '--git-ref', 'x'], '--git-repo: needs a value'],
  ])('%j is refused', (argv, message) => {
    expect(() => parseCommandLine(argv)).toThrow(message);
  });
});
