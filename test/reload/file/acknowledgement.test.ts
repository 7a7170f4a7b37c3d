import { execFileSync } from 'node:child_process';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { awaitAcknowledgement, judgeContent } from '../../../src/reload/file/acknowledgement.ts';
import { createTargets } from '../../../src/reload/targets.ts';
import { startScript } from '../../support/named-script.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { context, settingsOf } from '../context.ts';

const never = new AbortController().signal;

function wait(path: string, { timeout = 20_000, signal = never, overtaken = never } = {}) {
  return awaitAcknowledgement({ path, timeout }, context, signal, overtaken);
}

describe('what the application wrote, of sequence 7', () => {
  test.each([
    ['7', 'acknowledged'],
    [' 7\n', 'acknowledged'],
    ['8', 'acknowledged'],
    ['{"sequence":7}', 'acknowledged'],
    ['{\n  "sequence": 9,\n  "more": true\n}\n', 'acknowledged'],
    ['6', 'open'],
    ['{"sequence":6}', 'open'],
    ['', 'open'],
    ['\n', 'open'],
    ['7 rejected: port taken', 'refused'],
    ['7 rejected:', 'refused'],
    ['6 rejected: port taken', 'open'],
    ['8 rejected: port taken', 'open'],
    ['seven', 'odd'],
    ['7 8', 'odd'],
    ['-7', 'odd'],
    ['7.5', 'odd'],
    ['{"sequence":"7"}', 'odd'],
    ['{"sequence":7.5}', 'odd'],
    ['[7]', 'odd'],
    ['null', 'odd'],
    ['9'.repeat(30), 'odd'],
  ])('%j is %s', (text, kind) => {
    expect(judgeContent({ kind: 'content', text }, 7).kind).toBe(kind);
  });
});

test('a number that stood there before the set was published says nothing of it', () => {
  const looked = { kind: 'content', text: '9\n' } as const;
  expect(judgeContent(looked, 7, '9\n')).toEqual({
    kind: 'open',
    said: 'holds "9", as before the set was published',
  });
  expect(judgeContent(looked, 7, '6\n').kind).toBe('acknowledged');
});

describe('an acknowledgement', () => {
  test('is compared with what the file held before the publish', async () => {
    const path = join(await temporaryDirectory(), 'loaded');
    await writeFile(path, '9\n');
    const settings = settingsOf({ WHERRY_ACK: path, WHERRY_RELOAD_TIMEOUT: '100ms' });
    const [target] = createTargets({ settings, targetDir: '/nowhere', stateDir: '/nowhere', env: {} });
    const before = await target?.prepare?.(never);
    expect(await target?.reload({ ...context, before }, never)).toMatchObject({ class: 'not-up' });
    await writeFile(path, '7\n');
    expect(await target?.reload({ ...context, before }, never)).toEqual({ class: 'accepted' });
  });

  test('is waited for until the application writes it', async () => {
    const path = join(await temporaryDirectory(), 'loaded');
    await writeFile(path, '6\n');
    const { said } = await startScript(
      `sleep 0.3; echo 7 > ${path}.new; mv ${path}.new ${path}; echo written`,
    );
    expect(await wait(path)).toEqual({ class: 'accepted' });
    expect(said).toContain('written');
  });

  test('is waited for while neither the file nor its directory is there', async () => {
    const directory = await temporaryDirectory();
    const answer = wait(join(directory, 'signals', 'loaded'));
    await mkdir(join(directory, 'made'));
    await writeFile(join(directory, 'made', 'loaded'), '{"sequence":7}');
    await rename(join(directory, 'made'), join(directory, 'signals'));
    expect(await answer).toEqual({ class: 'accepted' });
  });

  test('that refuses the set rejects it with the reason', async () => {
    const path = join(await temporaryDirectory(), 'loaded');
    await writeFile(path, '7 rejected: port 80 is taken\n');
    expect(await wait(path)).toEqual({
      class: 'rejected',
      detail: `WHERRY_ACK: ${path} says "7 rejected: port 80 is taken"`,
    });
  });

  test('that does not come is not up, and says what is there instead', async () => {
    const path = join(await temporaryDirectory(), 'loaded');
    const waited = 'waited 100ms (WHERRY_RELOAD_TIMEOUT) for sequence 7';
    expect(await wait(path, { timeout: 100 })).toMatchObject({
      class: 'not-up',
      detail: expect.stringMatching(/is not there yet; .*; waited 100ms/),
    });
    await writeFile(path, '6\n');
    expect(await wait(path, { timeout: 100 })).toEqual({
      class: 'not-up',
      detail: `WHERRY_ACK: ${path} holds "6"; ${waited}`,
    });
  });

  test('of words that mean nothing gets its time, and is misconfigured then', async () => {
    const path = join(await temporaryDirectory(), 'loaded');
    await writeFile(path, 'ready');
    expect(await wait(path, { timeout: 100 })).toMatchObject({
      class: 'misconfigured',
      detail: expect.stringContaining('holds "ready", and not a whole number'),
    });
  });

  test('is waited for no longer when a newer set is there', async () => {
    const path = join(await temporaryDirectory(), 'loaded');
    const overtaken = new AbortController();
    const answer = wait(path, { overtaken: overtaken.signal });
    overtaken.abort();
    expect(await answer).toEqual({ class: 'busy', detail: 'overtaken by a newer set' });
  });

  test('that is there counts, even when a newer set is too', async () => {
    const path = join(await temporaryDirectory(), 'loaded');
    await writeFile(path, '7');
    expect(await wait(path, { overtaken: AbortSignal.abort() })).toEqual({ class: 'accepted' });
  });

  test('is given up on at once when the program ends', async () => {
    const path = join(await temporaryDirectory(), 'loaded');
    const stop = new AbortController();
    const answer = wait(path, { signal: stop.signal });
    stop.abort(new Error('ending'));
    await expect(answer).rejects.toThrow('ending');
  });

  test.each([
    ['a directory', (path: string) => mkdir(path), 'is no regular file'],
    ['a pipe', async (path: string) => void execFileSync('mkfifo', [path]), 'is no regular file'],
  ])('cannot come from %s', async (_name, make, text) => {
    const path = join(await temporaryDirectory(), 'loaded');
    await make(path);
    expect(await wait(path)).toMatchObject({ class: 'misconfigured', detail: expect.stringContaining(text) });
  });

  test('cannot come from below a file', async () => {
    const directory = await temporaryDirectory();
    await writeFile(join(directory, 'file'), '');
    expect(await wait(join(directory, 'file', 'loaded'))).toMatchObject({
      class: 'misconfigured',
      detail: expect.stringContaining('ENOTDIR'),
    });
  });
});

describe('the target of the settings', () => {
  test.each([
    ['relative to the target', (directory: string) => ['loaded', join(directory, 'loaded')] as const],
    ['absolute', (directory: string) => [join(directory, 'x'), join(directory, 'x')] as const],
  ])('reads a path %s', async (_name, places) => {
    const directory = await temporaryDirectory();
    const [path, place] = places(directory);
    await writeFile(place, '7');
    const settings = settingsOf({ WHERRY_ACK: path });
    const [target] = createTargets({ settings, targetDir: directory, stateDir: '/nowhere', env: {} });
    expect(target).toMatchObject({ name: 'ack', identity: path });
    expect(await target?.reload(context, never)).toEqual({ class: 'accepted' });
  });
});
