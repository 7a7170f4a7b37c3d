import { mkdir, readdir, readFile, readlink, stat, symlink, watch, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { contentOf, writeSentinel } from '../../../src/reload/file/sentinel.ts';
import type { ReloadContext } from '../../../src/reload/target.ts';
import { createTargets } from '../../../src/reload/targets.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { context, settingsOf } from '../context.ts';

async function write(targetDir: string, path: string, more: Partial<ReloadContext> = {}) {
  return writeSentinel({ path, targetDir, fsync: true }, { ...context, ...more });
}

describe('the sentinel', () => {
  test('is one line of JSON that names the set and the one before', async () => {
    const directory = await temporaryDirectory();
    expect(await write(directory, 'reload.json')).toEqual({ class: 'accepted' });
    expect(await readFile(join(directory, 'reload.json'), 'utf8')).toBe(
      '{"revision":"b0a1c2","sequence":7,"publishedAt":"2026-11-22T23:59:59.000Z","previous":"a0a0a0"}\n',
    );
  });

  test('says null when there was no set before', () => {
    expect(contentOf({ ...context, previous: undefined })).toContain('"previous":null');
  });

  test('is replaced by a rename, so that watchers of its directory and of its name see it', async () => {
    const directory = await temporaryDirectory();
    await write(directory, 'reload.json');
    const before = await stat(join(directory, 'reload.json'));
    const stop = new AbortController();
    onTestFinished(() => stop.abort());
    const events = watch(directory, { signal: stop.signal })[Symbol.asyncIterator]();
    const first = events.next();
    await write(directory, 'reload.json', { sequence: 8 });
    const seen = [await first];
    while (seen.at(-1)?.value?.filename !== 'reload.json') seen.push(await events.next());
    expect(seen.at(-1)?.value?.eventType).toBe('rename');
    expect((await stat(join(directory, 'reload.json'))).ino).not.toBe(before.ino);
    expect(await readdir(directory)).toEqual(['reload.json']);
  });

  test('is readable for all whatever the umask, its new directories too', async () => {
    const directory = await temporaryDirectory();
    const umask = process.umask(0o077);
    onTestFinished(() => {
      process.umask(umask);
    });
    await write(directory, 'signals/app/reload.json');
    const modes = ['signals', 'signals/app', 'signals/app/reload.json'].map(
      async (path) => (await stat(join(directory, path))).mode & 0o777,
    );
    expect(await Promise.all(modes)).toEqual([0o755, 0o755, 0o644]);
  });

  test('clears what a killed run left', async () => {
    const directory = await temporaryDirectory();
    await writeFile(join(directory, '..wherry-sentinel.tmp'), 'half');
    expect(await write(directory, 'reload.json')).toEqual({ class: 'accepted' });
    expect(await readdir(directory)).toEqual(['reload.json']);
  });

  test('is a target of the settings', async () => {
    const directory = await temporaryDirectory();
    const settings = settingsOf({ WHERRY_SENTINEL: './reload.json' });
    const [target] = createTargets({ settings, targetDir: directory, stateDir: '/nowhere', env: {} });
    expect(target).toMatchObject({ name: 'sentinel', identity: 'reload.json' });
    expect(await target?.reload(context, new AbortController().signal)).toEqual({ class: 'accepted' });
    expect(await readdir(directory)).toEqual(['reload.json']);
  });
});

describe('a place where the sentinel cannot be', () => {
  async function refusal(targetDir: string, path: string): Promise<string> {
    const answer = await write(targetDir, path);
    expect(answer.class).toBe('misconfigured');
    const detail = 'detail' in answer ? answer.detail : '';
    expect(detail).toContain(`WHERRY_SENTINEL: "${path}"`);
    return detail;
  }

  test('is below a link that leads out of the target', async () => {
    const directory = await temporaryDirectory();
    const outside = await temporaryDirectory();
    await symlink(outside, join(directory, 'way'));
    expect(await refusal(directory, 'way/reload.json')).toContain('symbolic link');
    expect(await readdir(outside)).toEqual([]);
  });

  test('is below a published directory', async () => {
    const directory = await temporaryDirectory();
    await mkdir(join(directory, '..1', 'app'), { recursive: true });
    await symlink('..1', join(directory, '..data'));
    await symlink('..data/app', join(directory, 'app'));
    expect(await refusal(directory, 'app/reload.json')).toContain('"app", a symbolic link');
    expect(await readdir(join(directory, '..1', 'app'))).toEqual([]);
  });

  test('is a published name', async () => {
    const directory = await temporaryDirectory();
    await symlink('..data/reload.json', join(directory, 'reload.json'));
    await refusal(directory, 'reload.json');
    expect(await readlink(join(directory, 'reload.json'))).toBe('..data/reload.json');
  });

  test.each([
    ['a directory', 'taken', 'a directory'],
    ['below a file', 'file/reload.json', 'no directory'],
    ['under a name that is too long', `${'x'.repeat(256)}`, 'ENAMETOOLONG'],
  ])('is %s', async (_name, path, expected) => {
    const directory = await temporaryDirectory();
    await mkdir(join(directory, 'taken'));
    await writeFile(join(directory, 'file'), '');
    expect(await refusal(directory, path)).toContain(expected);
  });

  test('is where nothing can be written', async () => {
    expect(await refusal('/proc/self', 'reload.json')).toContain('cannot be written');
    expect(dirname('/proc/self/reload.json')).toBe('/proc/self');
  });
});
