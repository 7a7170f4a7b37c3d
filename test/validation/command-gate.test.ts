import { chmod, mkdir, rm, unlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { RefusedError, SettingsError, UnreachableError } from '../../src/failure/failure.ts';
import { changeBetween, stateOfDirectory } from '../../src/validation/staged-state.ts';
import { failureOf, stage, validate } from './candidate.ts';

const files = { 'a.conf': 'ok', 'sub/b.conf': 'ok' };

describe('a command that checks the set', () => {
  test('passes it with exit code 0', async () => {
    expect(await failureOf({ exec: 'grep -q ok a.conf && exit 0' }, files)).toBeUndefined();
  });

  test.each([
    'test "$PWD" = {staged} && test -f {staged}/a.conf && test {target} = /config && test {revision} = 0f3a',
    'test "$PWD" = "$WHERRY_STAGED" && test "$WHERRY_TARGET$WHERRY_REVISION" = /config0f3a',
    '["grep", "-q", "ok", "{staged}/sub/b.conf"]',
  ])('is told where it is and what it is: %s', async (exec) => {
    expect(await failureOf({ exec }, files)).toBeUndefined();
  });

  test('sees no secret', async () => {
    const env = { PATH: process.env['PATH'], WHERRY_GIT_TOKEN: 'abc', DB_PASSWORD: 'abc', PLAIN: 'abc' };
    const candidate = await stage(files);
    const checking = validate({ exec: 'env | sort | tr "\\n" " "; exit 1' }, candidate, undefined, env);
    await expect(checking).rejects.toThrow(/PLAIN=abc/);
    await expect(checking).rejects.not.toThrow(/TOKEN|PASSWORD/);
  });

  test('refuses it with another exit code, and the end of what it said', async () => {
    const exec = 'seq 2000; printf "\\033[31mline 7:\\n bad\\033[0m\\n" >&2; exit 3';
    const failure = await failureOf({ exec }, files);
    expect(failure).toBeInstanceOf(RefusedError);
    expect(failure?.message).toMatch(
      /^WHERRY_VALIDATE_EXEC: the command ended with exit code 3: … [\d ]+ 2000 line 7: bad; correct the set in the source$/,
    );
    expect(failure?.message.length).toBeLessThan(1200);
  });

  test('may refuse it without a word', async () => {
    const failure = await failureOf({ exec: 'false' }, files);
    expect(failure?.message).toContain('exit code 1, and said nothing; ');
  });

  test.each([
    [
      'no-such-checker {staged}',
      /exit code 127, a command was not found: .*no-such-checker: not found; the program must be in Wherry’s image, or .*volume/,
    ],
    ['./a.conf', /exit code 126, something may not be executed: /],
    ['["no-such-checker"]', /there is no program "no-such-checker"; the program must be in Wherry’s image/],
  ])('that cannot be run is a wrong setting: %s', async (exec, message) => {
    const failure = await failureOf({ exec }, files);
    expect(failure).toBeInstanceOf(SettingsError);
    expect(failure?.message).toMatch(/^WHERRY_VALIDATE_EXEC: the command could not be run: /);
    expect(failure?.message).toMatch(message);
  });

  test('that takes too long is tried again', async () => {
    const failure = await failureOf({ exec: 'echo slow; sleep 600', execTimeout: 2000 }, files);
    expect(failure).toBeInstanceOf(UnreachableError);
    expect(failure?.message).toBe(
      'WHERRY_VALIDATE_EXEC: the command did not end in 2s: slow; raise WHERRY_VALIDATE_TIMEOUT if it needs longer',
    );
  });

  test.each(['kill -9 $$', 'sh -c "kill -9 \\$\\$"'])('that is killed is tried again: %s', async (exec) => {
    const failure = await failureOf({ exec }, files);
    expect(failure).toBeInstanceOf(UnreachableError);
    expect(failure?.message).toContain('killed by SIGKILL');
    expect(failure?.message).toContain('if it needs more memory');
  });

  test('that crashes is tried again too, and is not said to want memory', async () => {
    const failure = await failureOf({ exec: 'kill -SEGV $$' }, files);
    expect(failure).toBeInstanceOf(UnreachableError);
    expect(failure?.message).toMatch(/killed by SIGSEGV.*; it is run again; run it by hand/);
  });

  test('ends with the signal', async () => {
    const abort = new AbortController();
    const reason = new Error('enough');
    const checking = validate({ exec: 'sleep 600' }, await stage(files), abort.signal);
    setTimeout(() => abort.abort(reason), 300);
    await expect(checking).rejects.toBe(reason);
  });

  test.each([
    ['echo more >> a.conf', 'changed "a.conf"'],
    ['printf no > a.conf', 'changed "a.conf"'],
    ['touch new', 'made "new"'],
    ['rm sub/b.conf', 'removed "sub/b.conf"'],
    ['chmod 600 a.conf', 'changed "a.conf"'],
    ['chmod 700 .', 'changed the directory itself'],
    ['ln -sf /etc/hostname a.conf', 'changed "a.conf"'],
  ])('that changes the set refuses it: %s', async (exec, change) => {
    const failure = await failureOf({ exec }, files);
    expect(failure).toBeInstanceOf(RefusedError);
    expect(failure?.message).toContain(`the command ${change}, and `);
  });

  test('may write and remove what is only its own', async () => {
    const exec = 'cp a.conf tmp && cat tmp > /dev/null && rm tmp';
    expect(await failureOf({ exec }, files)).toBeUndefined();
  });
});

describe('the state of a directory', () => {
  test.each<[string, (path: string) => Promise<unknown>, string | undefined]>([
    ['nothing', async () => undefined, undefined],
    ['equal times', (path) => utimes(join(path, 'a.conf'), 1, 1), 'changed "a.conf"'],
    ['a mode', (path) => chmod(join(path, 'sub'), 0o700), 'changed "sub"'],
    ['a removal', (path) => rm(join(path, 'sub'), { recursive: true }), 'removed "sub"'],
    ['a directory', (path) => mkdir(join(path, 'new')), 'made "new"'],
    [
      'a replacement',
      async (path) => {
        await unlink(join(path, 'a.conf'));
        await writeFile(join(path, 'a.conf'), 'ok');
      },
      'changed "a.conf"',
    ],
  ])('tells of %s', async (_, change, expected) => {
    const { directory } = await stage(files);
    const before = await stateOfDirectory(directory);
    await change(directory);
    expect(changeBetween(before, await stateOfDirectory(directory))).toBe(expected);
  });
});
