import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { modeOf, readSet } from '../support/engine-bench.ts';
import { localBench } from '../support/local-bench.ts';
import { run, start, stateOf } from '../support/program.ts';
import { ReloadApp } from '../support/reload-app.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const bench = () => localBench({ WHERRY_INIT_TIMEOUT: '3s' });

test('init publishes one set, signals nobody, and ends with 0', async () => {
  const { repository, target, settings } = await bench();
  await using app = await ReloadApp.start();
  await repository.commit({ 'a.yaml': '1', 'bin/run': { executable: '#!/bin/sh' }, l: { link: 'a.yaml' } });
  const { code } = await run(['init'], { ...settings, WHERRY_RELOAD_URL: app.url().href });
  expect(code).toBe(0);
  expect(await readSet(target)).toEqual({ 'a.yaml': '1', 'bin/run': '#!/bin/sh', l: '-> a.yaml' });
  expect(await modeOf(join(target, 'bin/run'))).toBe('755');
  expect(app.calls).toEqual([]);
  expect(await stateOf(target)).toMatchObject({ baseline: 1, sequence: 1 });
});

test('WHERRY_MODE=init is init', async () => {
  const { repository, target, settings } = await bench();
  await repository.commit({ a: '1' });
  expect((await run([], { ...settings, WHERRY_MODE: 'init' })).code).toBe(0);
  expect(await readSet(target)).toEqual({ a: '1' });
});

test('init waits for a source that appears within its time', async () => {
  const { repository, settings, target } = await bench();
  const init = start(['init'], { ...settings, WHERRY_INIT_TIMEOUT: '30s' });
  await init.says('has no commit');
  await repository.commit({ a: '1' });
  expect((await init.ended).code).toBe(0);
  expect(await readSet(target)).toEqual({ a: '1' });
});

test('WHERRY_ON_INIT_FAILURE=use-last-good lets a published set stand in for an unreachable source', async () => {
  const { repository, settings, target } = await bench();
  await repository.commit({ a: '1' });
  expect((await run(['init'], settings)).code).toBe(0);
  const gone = { ...settings, WHERRY_GIT_REPO: '/nowhere/r.git', WHERRY_ON_INIT_FAILURE: 'use-last-good' };
  expect((await run(['init'], gone)).code).toBe(0);
  expect(await readSet(target)).toEqual({ a: '1' });
  const empty = join(await temporaryDirectory(), 'empty');
  expect((await run(['init'], { ...gone, WHERRY_TARGET: empty })).code).toBe(4);
});

describe('init ends with the documented code and one line that names the setting', () => {
  test('2 for wrong settings, each named', async () => {
    const { settings } = await bench();
    const { code, stderr } = await run(['init'], {
      ...settings,
      WHERRY_RETAIN: 'long',
      WHERRY_GIT_REPOO: 'x',
    });
    expect(code).toBe(2);
    expect(stderr.trim().split('\n').sort()).toEqual([
      'wherry: WHERRY_GIT_REPOO: no such setting; did you mean WHERRY_GIT_REPO?',
      'wherry: WHERRY_RETAIN: "long" is not a duration such as 500ms, 30s, 5m or 1h',
    ]);
  });

  test('4 for a repository that is not there', async () => {
    const { settings } = await bench();
    const { code, stderr } = await run(['init'], { ...settings, WHERRY_GIT_REPO: '/nowhere/r.git' });
    expect(code).toBe(4);
    expect(lastLine(stderr)).toMatch(/^wherry: WHERRY_GIT_REPO: .*\/nowhere\/r\.git/);
  });

  test('4 for a branch that is not there', async () => {
    const { repository, settings } = await bench();
    await repository.commit({ a: '1' });
    const { code, stderr } = await run(['init'], { ...settings, WHERRY_GIT_REF: 'gone' });
    expect(code).toBe(4);
    expect(lastLine(stderr)).toMatch(/^wherry: WHERRY_GIT_REF: .*gone/);
  });

  test('4 for a path that is not there', async () => {
    const { repository, settings } = await bench();
    await repository.commit({ a: '1' });
    const { code, stderr } = await run(['init'], { ...settings, WHERRY_GIT_PATH: 'services/x' });
    expect(code).toBe(4);
    expect(lastLine(stderr)).toMatch(/^wherry: WHERRY_GIT_PATH: .*services\/x/);
  });

  test('4 for a path of one name, which is said once', async () => {
    const { repository, settings } = await bench();
    await repository.commit({ a: '1' });
    const { stderr } = await run(['init'], { ...settings, WHERRY_GIT_PATH: 'b' });
    expect(lastLine(stderr)).toMatch(/^wherry: WHERRY_GIT_PATH: "b" is not in the repository/);
  });

  test('5 for a server that refuses connections', async () => {
    const { settings } = await bench();
    const closed = await ReloadApp.start();
    const url = closed.url('/repo.git').href;
    await closed[Symbol.asyncDispose]();
    const { code, stderr } = await run(['init'], { ...settings, WHERRY_GIT_REPO: url });
    expect(code).toBe(5);
    expect(lastLine(stderr)).toMatch(/^wherry: WHERRY_GIT_REPO: /);
  });

  test('5 for a server that accepts connections and says nothing', async () => {
    const { settings } = await bench();
    await using hanging = await ReloadApp.start();
    hanging.usually({ fault: 'hang' });
    const url = hanging.url('/repo.git').href;
    const { code, stderr } = await run(['init'], { ...settings, WHERRY_GIT_REPO: url });
    expect(code).toBe(5);
    expect(lastLine(stderr)).toMatch(/^wherry: WHERRY_INIT_TIMEOUT: no set was published within 3s/);
  });

  test.each([
    ['a link that leaves the set', { l: { link: '../../etc/passwd' } }, {}, 'WHERRY_SYMLINKS'],
    ['an empty set', {}, {}, 'WHERRY_ALLOW_EMPTY'],
    ['too many files', { a: '1', b: '2' }, { WHERRY_MAX_FILES: '1' }, 'WHERRY_MAX_FILES'],
    ['too many bytes', { a: 'x'.repeat(2000) }, { WHERRY_MAX_BYTES: '1KiB' }, 'WHERRY_MAX_BYTES'],
    ['a missing required file', { a: '1' }, { WHERRY_REQUIRE: 'app.yaml' }, 'WHERRY_REQUIRE'],
    ['a name that starts with two dots', { '..data': '1' }, {}, '"..data"'],
  ])('6 for %s', async (_, files, extra, named) => {
    const { repository, settings, target } = await bench();
    await repository.commit(files);
    const { code, stderr } = await run(['init'], { ...settings, ...extra });
    expect(code).toBe(6);
    expect(lastLine(stderr)).toContain(named);
    expect(await readSet(target)).toBeUndefined();
  });

  test('6 leaves the set that was published before', async () => {
    const { repository, settings, target } = await bench();
    await repository.commit({ a: '1' });
    await run(['init'], settings);
    await repository.commit({ a: '2', b: { link: '/etc/passwd' } });
    expect((await run(['init'], settings)).code).toBe(6);
    expect(await readSet(target)).toEqual({ a: '1' });
  });

  test('7 for a target that is a file', async () => {
    const { repository, settings, target } = await bench();
    await repository.commit({ a: '1' });
    await writeFile(target, '');
    const { code, stderr } = await run(['init'], settings);
    expect(code).toBe(7);
    expect(lastLine(stderr)).toMatch(/^wherry: WHERRY_TARGET: /);
  });

  test.runIf(process.platform === 'linux')('7 for a mount in which nothing can be made', async () => {
    const { repository, settings } = await bench();
    await repository.commit({ a: '1' });
    const { code, stderr } = await run(['init'], { ...settings, WHERRY_TARGET: '/proc' });
    expect(code).toBe(7);
    expect(lastLine(stderr)).toMatch(/^wherry: WHERRY_TARGET: /);
  });

  test('7 for a file of a published name that Wherry did not write, which stays', async () => {
    const { repository, settings, target } = await bench();
    await repository.commit({ a: '1' });
    await mkdir(target);
    await writeFile(join(target, 'a'), 'mine');
    const { code, stderr } = await run(['init'], settings);
    expect(code).toBe(7);
    expect(lastLine(stderr)).toContain(`${join(target, 'a')} is in the way`);
    expect((await readdir(target)).sort()).toEqual(['..wherry', 'a']);
  });
});

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
