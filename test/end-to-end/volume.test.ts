import { execFile } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
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

test.skipIf(!mayMount)('check finds a full volume out', async () => {
  const repository = await Repository.create();
  const target = await volume('size=1m');
  await repository.commit({ a: '1' });
  await writeFile(join(target, 'full'), Buffer.alloc(2 * 1024 ** 2)).catch(() => undefined);
  const { code, stdout } = await run(['check'], settingsFor(repository, target));
  expect(code).toBe(7);
  expect(stdout).toMatch(/^FAIL target +WHERRY_TARGET: no space is left on the volume: ENOSPC/m);
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

test.skipIf(!mayMount)('the sidecar goes on when a volume without inodes has some again', async () => {
  const repository = await Repository.create();
  const target = await volume('size=8m,nr_inodes=120');
  const wherry = start(['run'], { ...settingsFor(repository, target), WHERRY_RETAIN: '0' });
  await repository.commit({ a: '1' });
  await expect.poll(() => readSet(target), { timeout: 20_000 }).toEqual({ a: '1' });
  await mkdir(join(target, 'foreign'));
  const taken = async () => {
    for (let count = 0; count < 200; count += 1) await writeFile(join(target, 'foreign', String(count)), '');
  };
  await expect(taken()).rejects.toThrow('ENOSPC');
  await repository.commit({ a: '2', b: '2' });
  await wherry.says('no space');
  expect(await readSet(target)).toEqual({ a: '1' });
  await rm(join(target, 'foreign'), { recursive: true });
  await expect.poll(() => readSet(target), { timeout: 20_000 }).toEqual({ a: '2', b: '2' });
});

test.skipIf(!mayMount)('a first publish to a full volume waits for space, and says so', async () => {
  const repository = await Repository.create();
  const target = await volume('size=2m');
  await writeFile(join(target, 'foreign'), Buffer.alloc(3 * 1024 ** 2)).catch(() => undefined);
  const wherry = start(['run'], settingsFor(repository, target));
  await repository.commit({ a: '1' });
  await wherry.says('no space');
  expect(await readSet(target)).toBeUndefined();
  await rm(join(target, 'foreign'));
  await expect.poll(() => readSet(target), { timeout: 20_000 }).toEqual({ a: '1' });
});

test.skipIf(!mayMount)(
  'a replaced generation that fills the volume goes, and the next set comes',
  async () => {
    const repository = await Repository.create();
    const target = await volume('size=5m');
    const settings = { ...settingsFor(repository, target), WHERRY_RETAIN: '1s', WHERRY_GIT_DEPTH: '1' };
    const wherry = start(['run'], settings);
    for (const letter of ['x', 'y', 'z']) {
      const content = letter.repeat(1.2 * 1024 ** 2);
      await repository.commit({ a: content });
      await expect
        .poll(async () => (await readSet(target))?.['a']?.slice(0, 1), { timeout: 30_000 })
        .toBe(letter);
    }
    expect((await wherry.kill('SIGTERM')).code).toBe(0);
  },
);

test.skipIf(!mayMount)(
  'a volume that turns read-only keeps its set, is told of, and goes on when it can',
  async () => {
    const repository = await Repository.create();
    const target = await volume('size=8m');
    const wherry = start(['run'], settingsFor(repository, target));
    await repository.commit({ a: '1' });
    await expect.poll(() => readSet(target), { timeout: 20_000 }).toEqual({ a: '1' });
    await expect
      .poll(async () =>
        exec('mount', ['-o', 'remount,ro', target]).then(
          () => true,
          () => false,
        ),
      )
      .toBe(true);
    await repository.commit({ a: '2' });
    await wherry.says('read-only');
    expect(await readSet(target)).toEqual({ a: '1' });
    await exec('mount', ['-o', 'remount,rw', target]);
    await expect.poll(() => readSet(target), { timeout: 20_000 }).toEqual({ a: '2' });
  },
);

test.skipIf(!mayMount)('a sidecar that starts on a read-only volume waits until it can write', async () => {
  const repository = await Repository.create();
  const target = await volume('size=8m');
  await repository.commit({ a: '1' });
  await exec('mount', ['-o', 'remount,ro', target]);
  const wherry = start(['run'], settingsFor(repository, target));
  await wherry.says('WHERRY_TARGET: the volume is read-only: EROFS');
  await exec('mount', ['-o', 'remount,rw', target]);
  await expect.poll(() => readSet(target), { timeout: 20_000 }).toEqual({ a: '1' });
});
