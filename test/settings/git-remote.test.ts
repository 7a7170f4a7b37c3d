import { describe, expect, test } from 'vitest';
import { gitRemote } from '../../src/settings/git-remote.ts';

describe('a repository address', () => {
  test('over HTTP gives its credentials away and shows none', () => {
    expect(gitRemote.parse('https://me:p%40ss@git.example.com/r.git')).toEqual({
      transport: 'http',
      url: 'https://git.example.com/r.git',
      display: 'https://git.example.com/r.git',
      username: 'me',
      password: 'p@ss',
    });
  });

  test.each(['ssh://git@host:2222/r.git', 'git@host:group/r.git', 'host:r', 'git@[::1]:r'])(
    '%s is SSH',
    (text) => {
      expect(gitRemote.parse(text)).toEqual({ transport: 'ssh', url: text, display: text });
    },
  );

  test.each([
    ['/srv/r.git', '/srv/r.git'],
    ['file:///srv/r%20x.git', '/srv/r x.git'],
    ['file://localhost/srv/r.git', '/srv/r.git'],
    ['./a:b', `${process.cwd()}/a:b`],
  ])('%s is local', (text, path) => {
    expect(gitRemote.parse(text)).toEqual({ transport: 'file', path, url: `file://${path}`, display: path });
  });

  test.each([
    'ftp://h/r',
    'git://h/r',
    'ext::sh -c x',
    '--upload-pack=x',
    'https://',
    'ssh://h',
    'file://other/r',
  ])('%s is none', (text) => {
    expect(gitRemote.parse(text)).toBeUndefined();
  });
});
