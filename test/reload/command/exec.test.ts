import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import type { CommandResult } from '../../../src/platform/command.ts';
import { classifyResult, reloadByCommand } from '../../../src/reload/command/exec.ts';
import type { ReloadContext } from '../../../src/reload/target.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { context as known } from '../context.ts';

const layout = { publish: 'symlink', linkName: 'current' } as const;
const never = new AbortController().signal;
const changed: ReloadContext = { ...known, changed: ['a.conf', 'b/c.conf'] };

interface Changes {
  readonly context?: ReloadContext;
  readonly timeout?: number;
  readonly env?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
}

/** Runs a command as a target does, in a target and with a state directory of its own. */
async function run(
  command: string,
  { context = changed, timeout = 20_000, env = {}, signal = never }: Changes = {},
) {
  const directory = await temporaryDirectory();
  const [targetDir, stateDir] = [join(directory, 'target'), join(directory, 'state')];
  await mkdir(targetDir);
  const places = { ...layout, targetDir, stateDir };
  const options = { command, ...places, timeout, env: { PATH: process.env['PATH'], ...env } };
  const answer = await reloadByCommand(options, context, signal);
  const read = (name: string) => readFile(join(targetDir, name), 'utf8');
  return { answer, targetDir, stateDir, read };
}

describe('a command', () => {
  test('knows the set by its environment, in the directory of the target', async () => {
    const script =
      'printf "%s\\n" "$WHERRY_REVISION" "$WHERRY_PREVIOUS_REVISION" "$WHERRY_SEQUENCE" "$WHERRY_TARGET" "$PWD" > told';
    const { answer, read, targetDir } = await run(script);
    expect(answer).toEqual({ class: 'accepted' });
    expect((await read('told')).split('\n')).toEqual(['b0a1c2', 'a0a0a0', '7', targetDir, targetDir, '']);
  });

  test('of the first set knows an empty previous revision', async () => {
    const { read } = await run('echo "[$WHERRY_PREVIOUS_REVISION]" > told', {
      context: { ...changed, previous: undefined },
    });
    expect(await read('told')).toBe('[]\n');
  });

  test('gets a file that lists what changed, which goes with it', async () => {
    const { read, stateDir } = await run(
      'cp "$WHERRY_CHANGED_FILES" told; echo "$WHERRY_CHANGED_FILES" > where',
    );
    expect(await read('told')).toBe('a.conf\nb/c.conf\n');
    expect((await read('where')).trim().startsWith(stateDir)).toBe(true);
    expect(await readdir(stateDir)).toEqual([]);
  });

  test('gets paths that one line cannot hold as JSON', async () => {
    const context = { ...changed, changed: ['two\nlines', '"quoted"', 'plain "one"'] };
    const { read } = await run('cp "$WHERRY_CHANGED_FILES" told', { context });
    expect(await read('told')).toBe('"two\\nlines"\n"\\"quoted\\""\nplain "one"\n');
  });

  test('may be written with placeholders, and with arguments that no shell sees', async () => {
    const shell = await run('echo {revision} {target} > told; cat {changed} >> told');
    expect(await shell.read('told')).toBe(`b0a1c2 ${shell.targetDir}\na.conf\nb/c.conf\n`);
    const argv = await run('["cp", "{changed}", "{target}/told"]');
    expect(await argv.read('told')).toBe('a.conf\nb/c.conf\n');
  });

  test('sees no secret', async () => {
    const env = {
      WHERRY_GIT_TOKEN: 'hunter22',
      WHERRY_RELOAD_PASSWORD: 'hunter22',
      DB_PASSWORD: 'hunter22',
      PLAIN: 'x',
    };
    const { read } = await run('env > told', { env });
    expect(await read('told')).not.toContain('hunter22');
    expect(await read('told')).toContain('PLAIN=x');
  });

  test('is given up on at once when the program ends, and leaves no list', async () => {
    const stop = new AbortController();
    const directory = await temporaryDirectory();
    const options = {
      command: 'touch started; sleep 60',
      ...layout,
      targetDir: directory,
      stateDir: join(directory, '..wherry'),
      timeout: 60_000,
      env: { PATH: process.env['PATH'] },
    };
    const running = reloadByCommand(options, changed, stop.signal);
    const rejected = expect(running).rejects.toThrow('ending');
    await vi.waitFor(() => expect(existsSync(join(directory, 'started'))).toBe(true), 10_000);
    stop.abort(new Error('ending'));
    await rejected;
    expect(await readdir(options.stateDir)).toEqual([]);
  });
});

describe('when nobody knows what changed', () => {
  const context = { ...known, changed: undefined };

  test('the command gets every path that is published', async () => {
    const directory = await temporaryDirectory();
    await mkdir(join(directory, '..2026_11_22_23_59_59.123456789'));
    await symlink('..2026_11_22_23_59_59.123456789', join(directory, '..data'));
    const files = ['a.conf', 'b/c.conf'].map((path) => ({
      path,
      size: 0,
      sha256: '',
      mode: '0644',
      fingerprint: 'x',
    }));
    const manifest = { version: 1, revision: 'r', digest: 'sha256:x', sequence: 7, files };
    await writeFile(
      join(directory, '..2026_11_22_23_59_59.123456789', '.wherry.json'),
      JSON.stringify(manifest),
    );
    const options = {
      command: 'cp {changed} told',
      ...layout,
      targetDir: directory,
      stateDir: join(directory, '..wherry'),
      timeout: 20_000,
      env: { PATH: process.env['PATH'] },
    };
    expect(await reloadByCommand(options, context, never)).toEqual({ class: 'accepted' });
    expect(await readFile(join(directory, 'told'), 'utf8')).toBe('a.conf\nb/c.conf\n');
  });

  test('and nothing is published, it is not run', async () => {
    const { answer, targetDir } = await run('touch told', { context });
    expect(answer).toMatchObject({ class: 'not-up', detail: expect.stringContaining('no published set') });
    expect(await readdir(targetDir)).toEqual([]);
  });
});

describe('the end of a command', () => {
  test.each([
    ['exit 0', 'accepted', ''],
    ['echo wait >&2; exit 75', 'busy', 'exit code 75: wait'],
    ['echo "line 3: bad"; exit 1', 'rejected', 'ended with exit code 1: line 3: bad'],
    ['no-such-program-here', 'misconfigured', 'exit code 127'],
    ['["/no/such/program"]', 'misconfigured', 'there is no program "/no/such/program"'],
    ['./plain', 'misconfigured', '127'],
    ['kill -KILL $$', 'not-up', 'was ended by SIGKILL'],
    ['[broken', 'misconfigured', 'no JSON array'],
  ])('%s is %s', async (command, expected, text) => {
    const { answer } = await run(command);
    expect(answer.class).toBe(expected);
    expect('detail' in answer ? answer.detail : '').toContain(text);
  });

  test('that does not come in time is not up', async () => {
    const { answer } = await run('echo working; sleep 60', { timeout: 2000 });
    expect(answer).toEqual({
      class: 'not-up',
      detail:
        'WHERRY_RELOAD_EXEC: the command did not end within 2s (WHERRY_RELOAD_TIMEOUT) and was killed: working',
    });
  });

  test.each<[CommandResult, string]>([
    [{ kind: 'not-started', code: 'EAGAIN', reason: 'no room' }, 'not-up'],
    [{ kind: 'not-started', code: 'EACCES', reason: 'may not be executed' }, 'misconfigured'],
    [{ kind: 'exited', code: 126, output: '' }, 'misconfigured'],
  ])('%j is %s', (result, expected) => {
    expect(classifyResult(result, 1000).class).toBe(expected);
  });
});

test('a state directory that cannot be written to is named with the cure', async () => {
  const directory = await temporaryDirectory();
  const places = { ...layout, targetDir: directory, stateDir: '/proc/self/x' };
  const options = { command: 'true', ...places, timeout: 1000, env: {} };
  expect(await reloadByCommand(options, changed, never)).toMatchObject({
    class: 'misconfigured',
    detail: expect.stringMatching(/\/proc\/self\/x .*WHERRY_STATE_DIR/),
  });
});
