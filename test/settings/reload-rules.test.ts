import { describe, expect, test } from 'vitest';
import { loadSettings, SettingsErrors } from '../../src/settings/settings.ts';

const needed = { WHERRY_SOURCE: 'git', WHERRY_GIT_REPO: 'https://git.example/config.git' };
const url = 'http://127.0.0.1:9090/-/reload';

function problemsOf(env: NodeJS.ProcessEnv): readonly string[] {
  try {
    loadSettings({ env: { ...needed, ...env }, flags: new Map(), complete: true });
  } catch (error) {
    if (error instanceof SettingsErrors) return error.problems;
    throw error;
  }
  return [];
}

describe('a setting without effect', () => {
  test.each([
    [{ WHERRY_RELOAD_METHOD: 'PUT' }, 'WHERRY_RELOAD_METHOD: has no effect without WHERRY_RELOAD_URL'],
    [
      { WHERRY_RELOAD_METHOD: 'PUT', WHERRY_RELOAD_PRESET: 'nginx' },
      'WHERRY_RELOAD_METHOD: has no effect without WHERRY_RELOAD_URL',
    ],
    [
      { WHERRY_RELOAD_BODY: 'x', WHERRY_RELOAD_PRESET: 'envoy' },
      'WHERRY_RELOAD_BODY: has no effect with WHERRY_RELOAD_PRESET=envoy, which calls nothing',
    ],
    [
      { WHERRY_RELOAD_EXPECT: '200', WHERRY_RELOAD_PRESET: 'haproxy', WHERRY_RELOAD_URL: 'unix:///m.sock' },
      'WHERRY_RELOAD_EXPECT: has no effect without an http:// or https:// URL in WHERRY_RELOAD_URL',
    ],
    [{ WHERRY_RELOAD_TIMEOUT: '1s' }, 'WHERRY_RELOAD_TIMEOUT: has no effect without WHERRY_RELOAD_URL, '],
    [
      { WHERRY_RELOAD_TIMEOUT: '1s', WHERRY_RELOAD_PRESET: 'traefik' },
      'WHERRY_RELOAD_TIMEOUT: has no effect without WHERRY_RELOAD_URL, ',
    ],
    [
      { WHERRY_RELOAD_TIMEOUT: '1s', WHERRY_RELOAD_PRESET: 'nginx', WHERRY_RELOAD_SIGNAL: 'USR1' },
      'WHERRY_RELOAD_TIMEOUT: has no effect without WHERRY_RELOAD_URL, ',
    ],
    [
      { WHERRY_VALIDATE_TIMEOUT: '1s' },
      'WHERRY_VALIDATE_TIMEOUT: has no effect without WHERRY_VALIDATE_EXEC',
    ],
    [{ WHERRY_VERIFY_EXPECT: '200' }, 'WHERRY_VERIFY_EXPECT: has no effect without WHERRY_VERIFY_URL'],
    [{ WHERRY_VERIFY_TIMEOUT: '1s' }, 'WHERRY_VERIFY_TIMEOUT: has no effect without WHERRY_VERIFY_URL'],
    [{ WHERRY_BAKE_TIME: '1s' }, 'WHERRY_BAKE_TIME: has no effect without WHERRY_VERIFY_URL'],
    [{ WHERRY_DEBOUNCE_MAX: '1s' }, 'WHERRY_DEBOUNCE_MAX: has no effect without WHERRY_DEBOUNCE'],
    [{ WHERRY_RELOAD_ON_START: 'never' }, 'WHERRY_RELOAD_ON_START: has no effect without something to tell'],
    [{ WHERRY_ROLLBACK: 'false' }, 'WHERRY_ROLLBACK: has no effect without something to tell'],
    [
      { WHERRY_RELOAD_ON_START: 'never', WHERRY_VERIFY_URL: url },
      'WHERRY_RELOAD_ON_START: has no effect without something to tell',
    ],
  ])('%j is refused', (env, start) => {
    expect(problemsOf(env)).toEqual([expect.stringContaining(start)]);
  });

  test.each<NodeJS.ProcessEnv>([
    { WHERRY_RELOAD_TIMEOUT: '1s', WHERRY_RELOAD_PRESET: 'nginx' },
    { WHERRY_RELOAD_TIMEOUT: '1s', WHERRY_RELOAD_PRESET: 'prometheus' },
    { WHERRY_RELOAD_TIMEOUT: '1s', WHERRY_RELOAD_EXEC: 'true' },
    { WHERRY_RELOAD_TIMEOUT: '1s', WHERRY_ACK: 'loaded' },
    { WHERRY_RELOAD_METHOD: 'PUT', WHERRY_RELOAD_PRESET: 'prometheus' },
    { WHERRY_VALIDATE_TIMEOUT: '1s', WHERRY_VALIDATE_EXEC: 'true' },
    {
      WHERRY_VERIFY_URL: url,
      WHERRY_VERIFY_EXPECT: '200',
      WHERRY_VERIFY_TIMEOUT: '1s',
      WHERRY_BAKE_TIME: '1s',
    },
    { WHERRY_VERIFY_URL: url, WHERRY_ROLLBACK: 'false' },
    { WHERRY_RELOAD_ON_START: 'never', WHERRY_ROLLBACK: 'false', WHERRY_RELOAD_EXEC: 'true' },
    { WHERRY_RELOAD_ON_START: 'never', WHERRY_ROLLBACK: 'false', WHERRY_ACK: 'loaded' },
    { WHERRY_RELOAD_ON_START: 'never', WHERRY_ROLLBACK: 'false', WHERRY_SENTINEL: 'reload.json' },
    { WHERRY_RELOAD_ON_START: 'never', WHERRY_ROLLBACK: 'false', WHERRY_RELOAD_PRESET: 'nginx' },
  ])('%j is not there', (env) => {
    expect(problemsOf(env)).toEqual([]);
  });

  test('is not added to a value that did not parse', () => {
    const env = { WHERRY_RELOAD_URL: 'ftp://x/', WHERRY_RELOAD_METHOD: 'PUT', WHERRY_RELOAD_WHEN: '*=url' };
    expect(problemsOf(env)).toEqual([
      expect.stringContaining('WHERRY_RELOAD_URL: the value is not one or more'),
    ]);
  });
});

describe('a command', () => {
  test.each(['WHERRY_VALIDATE_EXEC', 'WHERRY_RELOAD_EXEC'])('that is none is refused: %s', (variable) => {
    for (const command of ['["a",', '[]', '["a", 1]', '[""]']) {
      expect(problemsOf({ [variable]: command })).toEqual([
        expect.stringMatching(`^${variable}: it starts with .*; give a shell command, or a JSON array of`),
      ]);
    }
    expect(problemsOf({ [variable]: ' ' })).toEqual([
      expect.stringContaining(`${variable}: it is empty; give`),
    ]);
  });

  test.each([
    ['WHERRY_VALIDATE_EXEC', 'check {changed} {changed}', '{changed}', '{staged}, {target}, {revision}'],
    ['WHERRY_RELOAD_EXEC', '["load", "{staged}/a"]', '{staged}', '{target}, {revision}, {changed}'],
  ])('is refused what only the other one is told: %s', (variable, command, name, own) => {
    expect(problemsOf({ [variable]: command })).toEqual([
      `${variable}: ${name} has no value there; write ${own}, or remove it`,
    ]);
  });

  test.each([
    { WHERRY_VALIDATE_EXEC: '[ -f {staged}/a ] && check {target} {revision}' },
    { WHERRY_RELOAD_EXEC: "awk '{print}' {changed} {target} {revision}" },
    { WHERRY_RELOAD_EXEC: '["a", "{changed}"]' },
  ])('is taken: %j', (env) => {
    expect(problemsOf(env)).toEqual([]);
  });

  test('that validates must end before the attempt does', () => {
    const env = { WHERRY_VALIDATE_EXEC: 'true', WHERRY_VALIDATE_TIMEOUT: '2m' };
    expect(problemsOf(env)).toEqual([
      'WHERRY_VALIDATE_TIMEOUT: "2m" is not less than WHERRY_SYNC_TIMEOUT, "2m", which ends the validation too; raise that, or lower this',
    ]);
    expect(problemsOf({ ...env, WHERRY_SYNC_TIMEOUT: '5m' })).toEqual([]);
    // Who has a short attempt has said nothing of the validation.
    expect(problemsOf({ WHERRY_VALIDATE_EXEC: 'true', WHERRY_SYNC_TIMEOUT: '10s' })).toEqual([]);
  });
});

describe('a signal', () => {
  test.each([
    [{ WHERRY_RELOAD_SIGNAL: 'HUP' }, 'WHERRY_RELOAD_SIGNAL: set without WHERRY_RELOAD_PROCESS'],
    [{ WHERRY_RELOAD_PROCESS: 'x' }, 'WHERRY_RELOAD_PROCESS: set without WHERRY_RELOAD_SIGNAL'],
    [
      { WHERRY_RELOAD_SIGNAL: 'SIGKILL', WHERRY_RELOAD_PROCESS: 'x' },
      'WHERRY_RELOAD_SIGNAL: "SIGKILL" is not a signal such as',
    ],
  ])('is complained of once: %j', (env, start) => {
    expect(problemsOf(env)).toEqual([expect.stringContaining(start)]);
  });
});

describe('debouncing', () => {
  test('may not be cut short of its own quiet time', () => {
    expect(problemsOf({ WHERRY_DEBOUNCE: '5s', WHERRY_DEBOUNCE_MAX: '1s' })).toEqual([
      'WHERRY_DEBOUNCE_MAX: "1s" is less than WHERRY_DEBOUNCE, "5s"; give it at least as much, or leave it out',
    ]);
  });

  test('may have a limit that is equal', () => {
    expect(problemsOf({ WHERRY_DEBOUNCE: '5s', WHERRY_DEBOUNCE_MAX: '5s' })).toEqual([]);
  });
});

describe('a route', () => {
  test.each([
    ['*=url', {}, 'set WHERRY_RELOAD_URL'],
    ['*=url3', { WHERRY_RELOAD_URL: `${url},${url}` }, 'WHERRY_RELOAD_URL has 2 URLs'],
    ['*=url2', { WHERRY_RELOAD_URL: url }, 'WHERRY_RELOAD_URL has one URL'],
    ['*=signal', {}, 'set WHERRY_RELOAD_SIGNAL'],
    ['*=signal', { WHERRY_RELOAD_PRESET: 'caddy' }, 'set WHERRY_RELOAD_SIGNAL'],
    ['*=exec', {}, 'set WHERRY_RELOAD_EXEC'],
    ['*=sentinel', {}, 'set WHERRY_SENTINEL'],
  ])('%s to a target that is not there is refused by name', (route, env, cure) => {
    expect(problemsOf({ WHERRY_RELOAD_WHEN: route, ...env })).toEqual([
      `WHERRY_RELOAD_WHEN: "${route}" names a target that is not there; ${cure}`,
    ]);
  });

  test.each<[string, NodeJS.ProcessEnv]>([
    ['a=url,b=url2', { WHERRY_RELOAD_URL: `${url},${url}` }],
    ['a=url1', { WHERRY_RELOAD_PRESET: 'prometheus' }],
    ['a=signal', { WHERRY_RELOAD_PRESET: 'nginx' }],
    ['a=exec,b=sentinel', { WHERRY_RELOAD_EXEC: 'true', WHERRY_SENTINEL: 's' }],
  ])('%s to one that is there is taken', (route, env) => {
    expect(problemsOf({ WHERRY_RELOAD_WHEN: route, ...env })).toEqual([]);
  });
});

describe('the file of the acknowledgement', () => {
  test.each([
    [{ WHERRY_ACK: 's', WHERRY_SENTINEL: 's' }, 'is in the way of WHERRY_SENTINEL, "s"'],
    [{ WHERRY_ACK: 's/ack', WHERRY_SENTINEL: 's' }, 'is in the way of WHERRY_SENTINEL, "s"'],
    [{ WHERRY_ACK: 's', WHERRY_SENTINEL: 's/x' }, 'is in the way of WHERRY_SENTINEL, "s/x"'],
    [{ WHERRY_ACK: '/config/s', WHERRY_SENTINEL: 's' }, 'is in the way of WHERRY_SENTINEL, "s"'],
    [{ WHERRY_ACK: '/config/' }, 'is the target itself'],
    [{ WHERRY_ACK: '/config/..data/ack' }, 'lies where Wherry keeps its own files'],
  ])('%j is refused', (env, text) => {
    expect(problemsOf(env)).toEqual([expect.stringContaining(`WHERRY_ACK: "${env.WHERRY_ACK}" ${text}`)]);
  });

  test.each([
    { WHERRY_ACK: 'signals/ack', WHERRY_SENTINEL: 'signals/reload' },
    { WHERRY_ACK: 's2', WHERRY_SENTINEL: 's' },
    { WHERRY_ACK: '/run/app/s', WHERRY_SENTINEL: 's' },
    { WHERRY_ACK: '/config-of-app/loaded' },
  ])('%j is taken', (env) => {
    expect(problemsOf(env)).toEqual([]);
  });
});

describe('the address of a master CLI', () => {
  const cli = 'unix:///run/haproxy/master.sock';

  test.each([[{}], [{ WHERRY_RELOAD_PRESET: 'nginx' }]])('with %j is refused', (env) => {
    expect(problemsOf({ WHERRY_RELOAD_URL: cli, ...env })).toEqual([
      `WHERRY_RELOAD_URL: "${cli}" can only be HAProxy's master CLI; set WHERRY_RELOAD_PRESET=haproxy, or write an http:// or https:// URL`,
    ]);
  });

  test('is not one that would be called, of whatever the preset is told', () => {
    const env = {
      WHERRY_RELOAD_PRESET: 'haproxy',
      WHERRY_RELOAD_URL: 'http://u:geheim@127.0.0.1:8404/stats?k=geheim',
    };
    expect(problemsOf(env)).toEqual([
      'WHERRY_RELOAD_URL: "http://127.0.0.1:8404/stats" does not reach HAProxy\'s master CLI; write unix:///path or tcp://host:port, or leave it out for the signal',
    ]);
  });

  test.each([cli, 'tcp://127.0.0.1:9990'])('%s is taken with the preset', (address) => {
    expect(problemsOf({ WHERRY_RELOAD_PRESET: 'haproxy', WHERRY_RELOAD_URL: address })).toEqual([]);
  });
});

describe('the preset of an application that ends on a bad set', () => {
  test('needs a validation, and names one', () => {
    expect(problemsOf({ WHERRY_RELOAD_PRESET: 'otelcol' })).toEqual([
      'WHERRY_RELOAD_PRESET: "otelcol" needs WHERRY_VALIDATE_EXEC, for the OpenTelemetry Collector ends when it cannot load a set; set it, e.g. to otelcol validate --config={staged}/config.yaml',
    ]);
  });

  test('is content with one', () => {
    expect(problemsOf({ WHERRY_RELOAD_PRESET: 'otelcol', WHERRY_VALIDATE_EXEC: 'true' })).toEqual([]);
  });
});
