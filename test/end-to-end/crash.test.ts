import { createHash } from 'node:crypto';
import { readFile, readlink, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Manifest, readManifest } from '../../src/publish/manifest.ts';
import { generationNames, visibleNames } from '../support/engine-bench.ts';
import { start, stateOf } from '../support/program.ts';
import { ReloadApp } from '../support/reload-app.ts';
import { Repository } from '../support/repository.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const kills = process.env['CI'] === undefined ? 25 : 200;
const files = 6;

test(`${kills} kills in a storm of commits tear no set and lose no reload`, {
  timeout: 600_000,
}, async () => {
  const { repository, commits } = await repositoryOf(kills + 20);
  const target = join(await temporaryDirectory(), 'config');
  const loaded: number[] = [];
  await using app = await ReloadApp.start();
  app.usually(async (_request, response) => {
    const manifest = await wholeSet(target);
    loaded.push(manifest?.sequence ?? 0);
    // Now and then the application is busy, so that retries are among what is killed.
    response.writeHead(loaded.length % 7 === 0 ? 503 : 200).end();
  });
  const settings = {
    WHERRY_SOURCE: 'git',
    WHERRY_GIT_REPO: repository.path,
    WHERRY_TARGET: target,
    WHERRY_POLL_INTERVAL: '20ms',
    WHERRY_RETAIN: '0',
    WHERRY_RELOAD_URL: app.url().href,
  };

  const storm = new AbortController();
  const moving = moveBranch(repository, commits, storm.signal);
  let readings = 0;
  const reading = readUntil(storm.signal, async () => {
    if ((await wholeSet(target)) !== undefined) readings += 1;
  });
  for (let kill = 0; kill < kills; kill += 1) {
    const wherry = start(['run'], settings);
    // One of four is killed at any time of its start; a busy machine would let the others come no further either.
    if (kill % 4 !== 0) await wherry.says('wherry starts');
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 600));
    await wherry.kill('SIGKILL');
    const manifest = await wholeSet(target);
    if (manifest !== undefined) expect(await visibleNames(target)).toEqual(expect.arrayContaining(['set']));
  }
  storm.abort();
  await Promise.all([moving, reading]);

  const last = commits.at(-1) ?? '';
  await repository.point(last);
  start(['run'], settings);
  await expect.poll(async () => (await wholeSet(target))?.revision, { timeout: 30_000 }).toBe(last);
  await expect
    .poll(async () => {
      const { published, targets } = await stateOf(target);
      return published !== undefined && targets['url1']?.acknowledged === published.sequence;
    })
    .toBe(true);
  const { published } = await stateOf(target);
  expect(loaded.at(-1)).toBe(published?.sequence);
  expect(loaded.toSorted((a, b) => a - b)).toEqual(loaded);
  expect(app.most).toBeLessThanOrEqual(2); // a killed sidecar's call may still be answered beside the next one's
  await expect.poll(async () => (await generationNames(target)).length).toBe(1);
  // Else nothing was under way when the kills came.
  expect(readings).toBeGreaterThan(0);
  expect(loaded.length).toBeGreaterThan(kills / 10);
  console.log(
    `${kills} kills, ${readings} whole sets read, ${loaded.length} reloads, sequence ${published?.sequence}`,
  );
});

/** A repository whose every commit holds the same files with the commit's own number in them. */
async function repositoryOf(count: number): Promise<{ repository: Repository; commits: readonly string[] }> {
  const repository = await Repository.create();
  const commits: string[] = [];
  for (let number = 0; number < Math.min(count, 40); number += 1) {
    const content = Object.fromEntries(
      Array.from({ length: files }, (_, index) => [
        `set/${index}.txt`,
        `commit ${number}\n`.repeat(100 * index + 1),
      ]),
    );
    commits.push(await repository.commit({ ...content, [`only-${number % 3}`]: `commit ${number}\n` }));
  }
  return { repository, commits };
}

/** Moves the branch as git does, by a rename, through all commits again and again. */
async function moveBranch(
  repository: Repository,
  commits: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  for (let index = 0; !signal.aborted; index += 1) {
    await repository.point(commits[index % commits.length] ?? '');
    await new Promise((resolve) => setTimeout(resolve, 15));
  }
}

async function readUntil(signal: AbortSignal, read: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    await read();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/**
 * Reads the set as an application should: `..data` once, then everything below it. Throws unless all is there and
 * matches the manifest. Undefined before the first publish, or when the generation went while it was read.
 */
async function wholeSet(target: string): Promise<Manifest | undefined> {
  const name = await readlink(join(target, '..data')).catch(() => undefined);
  if (name === undefined) return undefined;
  const root = join(target, name);
  try {
    const manifest = await readManifest(root);
    if (manifest === undefined) throw new Error(`${name} has no manifest`);
    const numbers = new Set<string>();
    for (const entry of manifest.files) {
      if ('link' in entry) continue;
      const content = await readFile(join(root, entry.path));
      expect(createHash('sha256').update(content).digest('hex')).toBe(entry.sha256);
      numbers.add(content.toString().split('\n')[0] ?? '');
    }
    expect(numbers.size).toBe(1);
    return manifest;
  } catch (error) {
    // With RETAIN=0 a generation that was replaced meanwhile may go under the reader.
    const replaced = (await readlink(join(target, '..data'))) !== name;
    const gone = await stat(root).then(
      () => false,
      () => true,
    );
    if (replaced || gone) return undefined;
    throw error;
  }
}
