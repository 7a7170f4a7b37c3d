import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { localBench } from '../support/local-bench.ts';
import { NameReader } from '../support/name-reader.ts';
import { run, start, stateOf } from '../support/program.ts';
import { type Mode, namesIn, readAll, rootIn } from '../support/publish-modes.ts';
import { ReloadApp } from '../support/reload-app.ts';
import { expectOnlyIn } from '../support/target-content.ts';

const content = 'the same in every mode\n';
const paths = ['app.yaml', 'rules.yaml', 'conf.d/a', 'conf.d/deep/b', 'other.d/c'];
const files = Object.fromEntries(paths.map((path) => [path, content]));

function settingsOf(mode: Mode): Readonly<Record<string, string>> {
  const [publish = '', name] = mode.split(' ');
  return { WHERRY_PUBLISH: publish, ...(name === undefined ? {} : { WHERRY_LINK_NAME: name }) };
}

/** Through every change from one mode to another. */
const way: readonly Mode[] = [
  ...(['symlink', 'rename', 'symlink', 'link current', 'symlink', 'link live'] as const),
  ...(['rename', 'link current', 'rename', 'link live', 'link current', 'link live', 'symlink'] as const),
];

test('no change of the mode hides a file from a reader at full speed', { timeout: 600_000 }, async () => {
  const { repository, target, settings } = await localBench({ WHERRY_RETAIN: '0' });
  await repository.commit(files);
  await using app = await ReloadApp.start();
  const runIn = (mode: Mode) =>
    start(['run'], { ...settings, ...settingsOf(mode), WHERRY_RELOAD_URL: app.url().href });
  let before: Mode | undefined;
  for (const [index, mode] of way.entries()) {
    const roots = [rootIn(before ?? mode, target), rootIn(mode, target)] as const;
    const reader = before === undefined ? undefined : new NameReader(roots, paths, content);
    if (reader !== undefined) await expect.poll(() => reader.reads).toBeGreaterThan(100);
    const wherry = runIn(mode);
    await expect
      .poll(async () => (await stateOf(target).catch(() => undefined))?.good?.sequence, { timeout: 30_000 })
      .toBe(index + 1);
    await expect
      .poll(() => expectOnlyIn(mode, target, files).then(() => 'only that', String))
      .toBe('only that');
    // Every change is told, and nothing else.
    expect(app.calls).toHaveLength(index + 1);
    const readings = await reader?.stop();
    if (readings !== undefined) {
      expect(readings.missingFiles).toBe(0);
      const { reads, missingInDirectories } = readings;
      console.log(
        `${before} → ${mode}: ${reads} reads, ${missingInDirectories} of directories found nothing`,
      );
      const isExchange = [before, mode].every((one) => one === 'symlink' || one === 'rename');
      if (!isExchange) expect(missingInDirectories).toBe(0);
    }
    expect((await wherry.kill('SIGTERM')).code).toBe(0);
    before = mode;
  }
});

const kills = process.env['CI'] === undefined ? 12 : 80;

test(`${kills} kills, each in another mode than the one before, lose nothing`, {
  timeout: 600_000,
}, async () => {
  const { repository, target, settings } = await localBench({
    WHERRY_RETAIN: '0',
    WHERRY_POLL_INTERVAL: '20ms',
  });
  const commits = [await repository.commit(files)];
  for (const number of [1, 2, 3]) {
    const next = { ...files, 'conf.d': `${number}\n`, 'app.yaml/x': content, [`only-${number}`]: content };
    const { 'conf.d/a': _, 'conf.d/deep/b': __, 'app.yaml': ___, ...set } = next;
    commits.push(await repository.commit(number === 2 ? { ...files, new: content } : set));
  }
  for (let kill = 0; kill < kills; kill += 1) {
    await repository.point(commits[kill % commits.length] ?? '');
    const mode = way[kill % way.length] ?? 'symlink';
    const wherry = start(['run'], { ...settings, ...settingsOf(mode) });
    // One of three is killed at any time of its start; a busy machine would let the others come no further either.
    if (kill % 3 !== 0) await wherry.says('wherry starts');
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 500));
    await wherry.kill('SIGKILL');
  }
  await repository.point(commits[0] ?? '');
  for (const mode of ['rename', 'link live', 'symlink'] as const) {
    const wherry = start(['run'], { ...settings, ...settingsOf(mode) });
    await expect
      .poll(() => expectOnlyIn(mode, target, files).then(() => 'only that', String), { timeout: 30_000 })
      .toBe('only that');
    await wherry.kill('SIGKILL');
  }
});

test('a change of the mode needs no source', { timeout: 60_000 }, async () => {
  const { repository, target, settings } = await localBench();
  await repository.commit(files);
  expect((await run(['init'], settings)).code).toBe(0);
  await rename(repository.path, `${repository.path}.away`);
  const wherry = start(['run'], { ...settings, ...settingsOf('link live') });
  await expect.poll(() => readAll(rootIn('link live', target)).catch(() => undefined)).toEqual(files);
  await expect.poll(() => namesIn(target)).toEqual({ live: expect.stringContaining('.wherry-generations/') });
  const { published } = await stateOf(target);
  expect(published?.generation).toMatch(/^\d{4}/);
  const { stdout } = await run(['status', '--json'], { WHERRY_TARGET: target });
  expect(JSON.parse(stdout)).toMatchObject({ published: { generation: published?.generation } });
  await rename(`${repository.path}.away`, repository.path);
  const next = await repository.commit({ ...files, new: content });
  await expect.poll(async () => (await stateOf(target)).published?.revision, { timeout: 30_000 }).toBe(next);
  expect((await wherry.kill('SIGTERM')).code).toBe(0);
});

test('init too takes what another mode published, where the source is down', {
  timeout: 60_000,
}, async () => {
  const { repository, target, settings } = await localBench();
  await repository.commit(files);
  expect((await run(['init'], settings)).code).toBe(0);
  await rename(repository.path, `${repository.path}.away`);
  const lenient = { ...settings, WHERRY_INIT_TIMEOUT: '10s', WHERRY_ON_INIT_FAILURE: 'use-last-good' };
  expect((await run(['init'], { ...lenient, ...settingsOf('rename') })).code).toBe(0);
  expect(await readAll(target)).toEqual(files);
});

test('check tells what the link would meet, and leaves it', { timeout: 60_000 }, async () => {
  const { repository, target, settings } = await localBench();
  await repository.commit(files);
  expect((await run(['init'], settings)).code).toBe(0);
  const inLink = { ...settings, ...settingsOf('link live') };
  expect((await run(['check'], inLink)).code).toBe(0);
  const inTheWay = await run(['check'], { ...inLink, WHERRY_LINK_NAME: '..wherry' });
  expect(inTheWay.code).toBe(2);
  await expectOnlyIn('symlink', target, files);
});

test.each([
  ['link', '.wherry-generations', 'a file'],
  ['symlink', '..data', 'a directory'],
])('with WHERRY_PUBLISH=%s check finds what has the name %s', async (mode, name, kind) => {
  const { repository, target, settings } = await localBench();
  await repository.commit({ a: '1' });
  await mkdir(target);
  if (kind === 'a file') await writeFile(join(target, name), '');
  else await mkdir(join(target, name));
  const { code, stdout } = await run(['check'], { ...settings, WHERRY_PUBLISH: mode });
  expect(code).toBe(7);
  expect(stdout).toMatch(
    new RegExp(`^FAIL target .*/${name} is in the way: .*; remove it, or name another`, 'm'),
  );
});
