import { utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadSettings, SettingsErrors } from '../../src/settings/settings.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const needed = { WHERRY_SOURCE: 'git', WHERRY_GIT_REPO: 'https://git.example.com/config.git' };

function load(env: NodeJS.ProcessEnv, flags: Record<string, string> = {}) {
  return loadSettings({ env: { ...needed, ...env }, flags: new Map(Object.entries(flags)), complete: true });
}

function problemsOf(env: NodeJS.ProcessEnv, flags: Record<string, string> = {}): readonly string[] {
  try {
    load(env, flags);
  } catch (error) {
    if (error instanceof SettingsErrors) return error.problems;
    throw error;
  }
  return [];
}

describe('values', () => {
  test('come from the environment, parsed, with the documented defaults', () => {
    const { settings } = load({
      WHERRY_POLL_INTERVAL: '5m',
      WHERRY_MAX_BYTES: '2MiB',
      WHERRY_INCLUDE: 'a,b\nc',
    });
    expect(settings.pollInterval).toBe(300_000);
    expect(settings.maxBytes).toBe(2 * 1024 ** 2);
    expect(settings.include).toEqual(['a', 'b', 'c']);
    expect(settings.target).toBe('/config');
    expect(settings.fileMode).toBe(0o644);
    expect(settings.maxDelete).toBe(1);
    expect(settings.adminAddress).toEqual({ host: undefined, port: 9717 });
  });

  test('of a flag win over the variable', () => {
    expect(load({ WHERRY_GIT_REF: 'a' }, { '--git-ref': 'b' }).settings.gitRef).toBe('b');
  });

  test('that are empty count as not set', () => {
    expect(load({ WHERRY_GIT_REF: '' }).settings.gitRef).toBe('HEAD');
  });

  test('of a file lose the trailing newline, and only that one', async () => {
    const path = join(await temporaryDirectory(), 'ref');
    await writeFile(path, 'main\n');
    expect(load({ WHERRY_GIT_REF_FILE: path }).settings.gitRef).toBe('main');
  });

  test('of a file are read again when it changes, and not otherwise', async () => {
    const path = join(await temporaryDirectory(), 'token');
    await writeFile(path, 'first');
    const loaded = load({ WHERRY_GIT_TOKEN_FILE: path });
    expect(loaded.reread()).toBeUndefined();
    await writeFile(path, 'second, longer');
    expect(loaded.reread()?.settings.gitToken).toBe('second, longer');
    await utimes(path, 1, 1);
    expect(loaded.reread()?.settings.gitToken).toBe('second, longer');
  });

  test('that Kubernetes injects for a Service called wherry are not settings', () => {
    const env = {
      WHERRY_SERVICE_HOST: '10.0.0.1',
      WHERRY_SERVICE_PORT_HTTP: '9717',
      WHERRY_PORT: 'tcp://10.0.0.1:9717',
      WHERRY_PORT_9717_TCP: 'tcp://10.0.0.1:9717',
      WHERRY_PORT_9717_TCP_ADDR: '10.0.0.1',
      WHERRY_PORT_9717_TCP_PROTO: 'tcp',
    };
    expect(problemsOf(env)).toEqual([]);
  });
});

describe('errors', () => {
  test('are all reported at once', () => {
    const problems = problemsOf({
      WHERRY_POLL_INTERVAL: 'soon',
      WHERRY_FSYNC: 'perhaps',
      WHERRY_GIT_DEPTH: '-1',
    });
    expect(problems).toHaveLength(3);
    expect(problems[0]).toBe('WHERRY_POLL_INTERVAL: "soon" is not a duration such as 500ms, 30s, 5m or 1h');
  });

  test('name the nearest setting for an unknown one, in the form that was used', () => {
    expect(problemsOf({ WHERRY_GIT_REPOS: 'x' })).toEqual([
      'WHERRY_GIT_REPOS: no such setting; did you mean WHERRY_GIT_REPO?',
    ]);
    expect(problemsOf({}, { '--pol-interval': '1s' })).toEqual([
      '--pol-interval: no such setting; did you mean --poll-interval?',
    ]);
  });

  test('say of a reserved setting that this version does not have it', () => {
    expect(problemsOf({ WHERRY_SQS_QUEUE_URL: 'x' })).toEqual([
      'WHERRY_SQS_QUEUE_URL: not part of this version; remove it',
    ]);
  });

  test('name a file that cannot be read', () => {
    expect(problemsOf({ WHERRY_GIT_TOKEN_FILE: '/nowhere/token' })).toEqual([
      'WHERRY_GIT_TOKEN_FILE: /nowhere/token cannot be read (ENOENT); mount the file there, readable for this user',
    ]);
  });

  test.each([
    [{ WHERRY_GIT_USERNAME: 'u' }, 'WHERRY_GIT_PASSWORD'],
    [{ WHERRY_GIT_REPO: 'git@h:r' }, 'WHERRY_GIT_SSH_KNOWN_HOSTS'],
    [{ WHERRY_RELOAD_METHOD: 'PUT' }, 'WHERRY_RELOAD_URL'],
  ])('do not call what cannot be read missing: %j', (env, variable) => {
    expect(problemsOf({ ...env, [`${variable}_FILE`]: '/nowhere/value' })).toEqual([
      `${variable}_FILE: /nowhere/value cannot be read (ENOENT); mount the file there, readable for this user`,
    ]);
  });

  test('find everything else that is wrong beside a file that cannot be read', () => {
    const problems = problemsOf({ WHERRY_GIT_TOKEN_FILE: '/nowhere/token', WHERRY_RELOAD_METHOD: 'PUT' });
    expect(problems).toHaveLength(2);
  });

  test('refuse a value beside a file for the same setting', () => {
    expect(problemsOf({ WHERRY_GIT_TOKEN: 'a', WHERRY_GIT_TOKEN_FILE: '/nowhere' })).toEqual([
      'WHERRY_GIT_TOKEN_FILE: WHERRY_GIT_TOKEN is set too; keep one of the two',
    ]);
  });

  test('never show a secret, nor the credentials in a URL', () => {
    const problems = problemsOf({
      WHERRY_GIT_REPO: 'https://user:geheim@exa mple.com/x',
      WHERRY_RELOAD_HEADERS: 'geheim geheim',
      WHERRY_RELOAD_URL: 'ftp://user:geheim@host/',
      // The wrong file of a Secret.
      WHERRY_GIT_CA: 'geheim',
    });
    expect(problems).toHaveLength(4);
    expect(problems.join()).not.toContain('geheim');
  });

  test.each([
    ['WHERRY_GIT_CA', 'the text of PEM certificates'],
    ['WHERRY_GIT_SSH_KEY', 'the text of a private key, with its BEGIN and END lines'],
    ['WHERRY_SYNC_TIMEOUT', 'a duration such as 500ms, 30s or 5m, from 1ms to 500h'],
    ['WHERRY_INCLUDE', 'a list of globs'],
  ])('say of %s that {0 is not %s', (variable, expected) => {
    expect(problemsOf({ [variable]: '{0' })[0]).toContain(`is not ${expected}`);
  });

  test('name a file that is empty', async () => {
    const path = join(await temporaryDirectory(), 'token');
    await writeFile(path, '\n');
    expect(problemsOf({ WHERRY_GIT_TOKEN_FILE: path })).toEqual([
      `WHERRY_GIT_TOKEN_FILE: ${path} is empty; write the value into it, or leave the setting out`,
    ]);
  });

  test('say what is required', () => {
    const problems = problemsOf({ WHERRY_SOURCE: '' });
    expect(problems).toEqual(['WHERRY_SOURCE: required; set it to git, s3 or dir']);
  });
});

const certificate = '-----BEGIN CERTIFICATE-----';
const privateKey = '-----BEGIN OPENSSH PRIVATE KEY-----';

describe('rules between settings', () => {
  test.each([
    [{ WHERRY_GIT_USERNAME: 'u' }, 'WHERRY_GIT_USERNAME: set without a password'],
    [
      { WHERRY_GIT_TOKEN: 't', WHERRY_GIT_PASSWORD: 'p' },
      'WHERRY_GIT_TOKEN: a user name or password is set too',
    ],
    [
      { WHERRY_GIT_REPO: 'https://u:p@h/r', WHERRY_GIT_PASSWORD: 'p' },
      'WHERRY_GIT_PASSWORD: WHERRY_GIT_REPO holds',
    ],
    [{ WHERRY_GIT_REPO: 'git@h:r' }, 'WHERRY_GIT_SSH_KNOWN_HOSTS: required for SSH'],
    [{ WHERRY_GIT_SSH_KEY: privateKey }, 'WHERRY_GIT_SSH_KEY: has no effect without an SSH repository'],
    [
      { WHERRY_GIT_REPO: '/srv/x', WHERRY_GIT_TOKEN: 't' },
      'WHERRY_GIT_TOKEN: has no effect without an http(s)',
    ],
    [{ WHERRY_GIT_CLIENT_CERT: certificate }, 'WHERRY_GIT_CLIENT_CERT, WHERRY_GIT_CLIENT_KEY: only one'],
    [{ WHERRY_GIT_PATH: '../x' }, 'WHERRY_GIT_PATH: "../x" is not a path inside the repository'],
    [{ WHERRY_GIT_REF: 'a b' }, 'WHERRY_GIT_REF: "a b" is not a branch'],
    [{ WHERRY_RELOAD_BODY: 'x' }, 'WHERRY_RELOAD_BODY: has no effect without WHERRY_RELOAD_URL'],
    [{ WHERRY_RELOAD_SIGNAL: 'HUP' }, 'WHERRY_RELOAD_SIGNAL: set without WHERRY_RELOAD_PROCESS'],
    [
      { WHERRY_ADMIN_ADDRESS: 'off', WHERRY_ADMIN_TOKEN: 't' },
      'WHERRY_ADMIN_TOKEN: has no effect with WHERRY_ADMIN_ADDRESS=off',
    ],
    [{ WHERRY_TARGET: '/' }, 'WHERRY_TARGET: "/" cannot be kept'],
    [{ WHERRY_DIR_MODE: '0355' }, 'WHERRY_DIR_MODE: "0355"'],
    [{ WHERRY_FILE_MODE: '0044' }, 'WHERRY_FILE_MODE: "0044"'],
  ])('%j is refused', (env, start) => {
    expect(problemsOf(env)).toEqual([expect.stringContaining(start)]);
  });
});
