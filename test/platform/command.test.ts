import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  commandEnvironment,
  fillPlaceholders,
  outputTail,
  runCommand,
  whyNotRunnable,
} from '../../src/platform/command.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const env = { PATH: process.env['PATH'] ?? '' };
const never = new AbortController().signal;

function run(command: string, more: Partial<Parameters<typeof runCommand>[0]> = {}) {
  return runCommand({ command, env, cwd: '/', timeout: 30_000, signal: never, ...more });
}

/** A zombie that nobody has waited for yet does no harm. */
async function isAlive(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => 'State:\tX');
  return !/^State:\t[XZ]/m.test(status);
}

describe('a command', () => {
  test.each([
    ['exit 0', 0],
    ['false', 1],
    ['exit 42', 42],
    ['exit 255', 255],
    ['[ -d / ]', 0],
    ['[ "$PATH" = x ]', 1],
    ['["sh", "-c", "exit 7"]', 7],
    ['[ "sh", "-c", "exit 8" ]', 8],
  ])('%s ends with its exit code', async (command, code) => {
    expect(await run(command)).toEqual({ kind: 'exited', code, output: '' });
  });

  test('says what it says on both channels', async () => {
    const script = 'echo one; sleep 0.1; echo two >&2; sleep 0.1; echo three';
    expect(await run(script)).toMatchObject({ output: 'one\ntwo\nthree\n' });
  });

  test('runs in the directory, with the environment, and with nothing to read', async () => {
    const cwd = await temporaryDirectory();
    const result = await run('pwd; echo "$MINE $HOME"; cat', { cwd, env: { ...env, MINE: 'mine' } });
    expect(result).toMatchObject({ code: 0, output: `${cwd}\nmine \n` });
  });

  test('as an array is seen by no shell', async () => {
    expect(await run(JSON.stringify(['echo', '$HOME; `x`', "it's"]))).toMatchObject({
      output: "$HOME; `x` it's\n",
    });
  });

  test.each([
    ['kill -9 $$', 'SIGKILL'],
    ['kill -SEGV $$', 'SIGSEGV'],
    ['sh -c "kill -9 \\$\\$"; exit $?', 'SIGKILL'],
    ['["sh", "-c", "kill -TERM $$"]', 'SIGTERM'],
  ])('%s was killed', async (command, by) => {
    expect(await run(command)).toMatchObject({ kind: 'killed', by });
  });

  test('has so much time, and its whole group ends with it', async () => {
    const result = await run('sleep 600 & echo $!; wait', { timeout: 3000 });
    expect(result).toEqual({ kind: 'timed-out', output: expect.stringMatching(/^\d+\n$/) });
    const sleeper = Number('output' in result ? result.output : 0);
    await expect.poll(() => isAlive(sleeper)).toBe(false);
  });

  test('leaves nothing of its group behind when it ends', async () => {
    const result = await run('sleep 600 & echo $!');
    expect(result).toMatchObject({ kind: 'exited', code: 0 });
    const sleeper = Number('output' in result ? result.output : 0);
    expect(sleeper).toBeGreaterThan(1);
    await expect.poll(() => isAlive(sleeper)).toBe(false);
  });

  test('does not wait for one that left its group and holds its output', async () => {
    const since = performance.now();
    expect(await run('setsid sleep 20 & echo done')).toMatchObject({ kind: 'exited', output: 'done\n' });
    expect(performance.now() - since).toBeLessThan(15_000);
  });

  test('that is aborted ends with its group, and rejects with the reason', async () => {
    const cwd = await temporaryDirectory();
    const abort = new AbortController();
    const running = run('sleep 600 & echo $! > pid.tmp; mv pid.tmp pid; wait', { cwd, signal: abort.signal });
    const read = () => readFile(join(cwd, 'pid'), 'utf8').catch(() => '');
    await expect.poll(read).not.toBe('');
    const sleeper = Number(await read());
    const reason = new Error('enough');
    abort.abort(reason);
    await expect(running).rejects.toBe(reason);
    await expect.poll(() => isAlive(sleeper)).toBe(false);
  });

  test('is not started after an abort', async () => {
    const reason = new Error('too late');
    await expect(run('true', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  test('that floods keeps the beginning and the end of what it said', async () => {
    const result = await run('echo begin; head -c 1000000 /dev/zero | tr "\\0" x; echo; echo end');
    const output = 'output' in result ? result.output : '';
    expect(output).toMatch(/^begin\nx{4090} … 991819 bytes left out … x{4091}\nend\n$/);
  });

  test('never has half a character in what is kept', async () => {
    const result = await run('i=0; while [ $i -lt 5000 ]; do printf "a€"; i=$((i+1)); done');
    expect('output' in result && result.output).not.toContain('\ufffd');
  });
});

describe('a command that cannot be run', () => {
  test('is not there', async () => {
    const result = await run('["/no/such/program"]');
    expect(result).toMatchObject({ kind: 'not-started', code: 'ENOENT' });
    expect(whyNotRunnable(result)?.problem).toBe('there is no program "/no/such/program"');
  });

  test('may not be executed', async () => {
    const file = join(await temporaryDirectory(), 'plain');
    await writeFile(file, 'x', { mode: 0o644 });
    const result = await run(JSON.stringify([file]));
    expect(result).toMatchObject({ kind: 'not-started', code: 'EACCES' });
    expect(whyNotRunnable(result)?.problem).toBe(`"${file}" may not be executed`);
    const inShell = await run(file);
    expect(inShell).toMatchObject({ kind: 'exited', code: 126 });
    expect(whyNotRunnable(inShell)?.problem).toContain('exit code 126, something may not be executed: ');
  });

  test('has a directory that is not there', async () => {
    expect(await run('true', { cwd: '/no/such/directory' })).toMatchObject({
      kind: 'not-started',
      reason: 'its directory /no/such/directory does not exist',
    });
  });

  test.each(['["a", 1]', '["a"', '[]', '[""]', '{"a"', ' '])('%s', async (command) => {
    const result = await run(command);
    expect(whyNotRunnable(result)?.cure).toContain('Wherry’s image');
  });

  test('is named by the shell', async () => {
    const result = await run('no-such-program --check');
    expect(result).toMatchObject({ kind: 'exited', code: 127 });
    expect(whyNotRunnable(result)).toEqual({
      problem: expect.stringMatching(
        /^exit code 127, a command was not found: .*no-such-program.*not found$/,
      ),
      cure: expect.stringContaining('in a volume mounted into this container'),
    });
  });

  test('has a NUL in it', async () => {
    expect(await run('true \0')).toMatchObject({ kind: 'not-started' });
  });
});

test.each([
  ['one\ntwo\r\n', 'one two'],
  ['\u001b[31mred\u001b[0m \u0007bell', 'red bell'],
  ['x'.repeat(2000), `… ${'x'.repeat(1024)}`],
])('an output is shown in one harmless line: %j', (output, shown) => {
  expect(outputTail(output)).toBe(shown);
});

describe('placeholders', () => {
  const values = { staged: '/a b/it\'s "$(x)" `y` \\', target: '/config', revision: '0f3a' };
  const words = (...list: string[]) => list.map((word) => `<${word}>`).join('');

  test.each([
    ['printf "<%s>" {staged}', words(values.staged)],
    ['printf "<%s>" {staged}/sub', words(`${values.staged}/sub`)],
    ['printf "<%s>" "{staged}/sub"', words(`${values.staged}/sub`)],
    ["printf '<%s>' '{staged}'", words(values.staged)],
    ['printf "<%s>" "$(printf "%s" {staged})"', words(values.staged)],
    ['printf "<%s>" "$(printf "%s" "{staged}")"', words(values.staged)],
    ['# don\'t\nprintf "<%s>" {staged}', words(values.staged)],
    ['(printf "<%s>" a#b\\\'{staged})', words(`a#b'${values.staged}`)],
    ['printf "<%s>" {target} {revision} x{revision}y', words('/config', '0f3a', 'x0f3ay')],
    ['printf "<%s>" {unknown} {} {a,b} {toString}', words('{unknown}', '{}', '{a,b}', '{toString}')],
    ['["printf", "<%s>", "{staged}", "in {target}", "{x}"]', words(values.staged, 'in /config', '{x}')],
  ])('of %s', async (command, output) => {
    expect(await run(fillPlaceholders(command, values))).toEqual({ kind: 'exited', code: 0, output });
  });

  test('are quoted only when needed', () => {
    expect(fillPlaceholders('check {target} {staged}', { target: '/config', staged: '/a b' })).toBe(
      "check /config '/a b'",
    );
  });

  test('work for a directory with a space', async () => {
    const staged = join(await temporaryDirectory(), 'with a space');
    await mkdir(staged);
    await writeFile(join(staged, 'f'), 'content');
    expect(await run(fillPlaceholders('cat {staged}/f', { staged }))).toMatchObject({ output: 'content' });
  });
});

describe('the environment of a command', () => {
  test.each([
    'WHERRY_GIT_REPO',
    'WHERRY_TARGET',
    'AWS_SECRET_ACCESS_KEY',
    'AWS_REGION',
    'PGPASSWORD',
    'DB_PASSWORD',
    'DB_PASS',
    'MYSQL_PWD',
    'ROOT_PASSWD',
    'KEY_PASSPHRASE',
    'CLIENT_SECRET',
    'GITHUB_TOKEN',
    'npm_config__authToken',
    'GOOGLE_APPLICATION_CREDENTIALS',
    'PRIVATE_KEY',
    'OPENAI_API_KEY',
    'APIKEY',
    'ACCESS_KEY_ID',
    'AUTH',
    'BASIC_AUTH',
    'SSH_AUTH_SOCK',
    'AUTHORIZATION',
    'ENCRYPTION_KEY',
    'SESSION_COOKIE',
    'SENTRY_DSN',
    'GITHUB_PAT',
    'SLACK_WEBHOOK_URL',
    'SERVICE_JWT',
  ])('has no %s', (name) => {
    expect(commandEnvironment({ [name]: 'value' }, {})).toEqual({});
  });

  test.each([
    ['DATABASE', 'postgres://user:word@db/name'],
    ['CACHES', 'a=1 redis://:word@cache:6379'],
    ['HTTPS_PROXY', 'http://user@proxy:3128'],
    ['PEM', '-----BEGIN EC PRIVATE KEY-----\nx'],
  ])('has no %s with the value %s', (name, value) => {
    expect(commandEnvironment({ [name]: value }, {})).toEqual({});
  });

  test.each([
    ['PATH', '/usr/bin:/bin'],
    ['HOME', '/'],
    ['TZ', 'UTC'],
    ['PWD', '/app'],
    ['LANG', 'C.UTF-8'],
    ['GIT_AUTHOR_NAME', 'A U Thor <author@example.org>'],
    ['COMPASS', 'north'],
    ['KEYBOARD', 'us'],
    ['HTTPS_PROXY', 'http://proxy:3128'],
    ['KUBERNETES_PORT', 'tcp://10.0.0.1:443'],
    ['MAIL', 'https://host/path?to=a@b'],
    ['EMPTY', ''],
  ])('has %s=%s', (name, value) => {
    expect(commandEnvironment({ [name]: value, GONE: undefined }, {})).toEqual({ [name]: value });
  });

  test('has what it is told, which wins', () => {
    const own = { WHERRY_STAGED: '/staged', PATH: '/mine' };
    expect(commandEnvironment({ PATH: '/bin', WHERRY_STAGED: 'no' }, own)).toEqual(own);
  });
});
