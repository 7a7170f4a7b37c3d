import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { readSet } from '../support/engine-bench.ts';
import { run, start } from '../support/program.ts';
import { Repository } from '../support/repository.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const exec = promisify(execFile);

/** Mounting needs root, and the right to mount. */
const mayMount = await exec('unshare', ['--mount', 'true']).then(
  () => process.getuid?.() === 0,
  () => false,
);

async function volume(options: string): Promise<string> {
  const mount = await temporaryDirectory();
  await exec('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', mount]);
  onTestFinished(async () => {
    await exec('umount', ['-l', mount]);
  });
  return mount;
}

function settingsFor(repository: Repository, target: string) {
  return {
    WHERRY_SOURCE: 'git',
    WHERRY_GIT_REPO: repository.path,
    WHERRY_TARGET: target,
    WHERRY_INIT_TIMEOUT: '5s',
    WHERRY_POLL_INTERVAL: '100ms',
  };
}

test.skipIf(!mayMount)('a full volume ends init with 7, and leaves the last good set', async () => {
  const repository = await Repository.create();
  const target = await volume('size=2m');
  const settings = settingsFor(repository, target);
  await repository.commit({ a: 'small' });
  expect((await run(['init'], settings)).code).toBe(0);
  await repository.commit({ a: Buffer.alloc(3 * 1024 ** 2, 'x') });
  const { code, stderr } = await run(['init'], settings);
  expect(code).toBe(7);
  expect(stderr.trim().split('\n').at(-1)).toMatch(/^wherry: WHERRY_(TARGET|STATE_DIR): .*no space/);
  expect(await readSet(target)).toEqual({ a: 'small' });
});

test.skipIf(!mayMount)('a read-only volume ends init with 7', async () => {
  const repository = await Repository.create();
  const target = await volume('size=2m');
  await repository.commit({ a: '1' });
  await exec('mount', ['-o', 'remount,ro', target]);
  const { code, stderr } = await run(['init'], settingsFor(repository, target));
  expect(code).toBe(7);
  expect(stderr).toMatch(/wherry: WHERRY_TARGET: the volume is read-only: EROFS/);
});

test.skipIf(!mayMount)('the sidecar goes on when a full volume has space again', async () => {
  const repository = await Repository.create();
  const target = await volume('size=3m');
  const wherry = start(['run'], settingsFor(repository, target));
  await repository.commit({ a: 'small' });
  await expect.poll(() => readSet(target)).toEqual({ a: 'small' });
  await writeFile(join(target, 'foreign'), Buffer.alloc(2 * 1024 ** 2));
  const text = 'y'.repeat(1024 ** 2);
  await repository.commit({ a: text });
  await wherry.says('no space');
  expect(await readSet(target)).toEqual({ a: 'small' });
  await writeFile(join(target, 'foreign'), '');
  await expect.poll(() => readSet(target), { timeout: 20_000 }).toEqual({ a: text });
});
