import { existsSync } from 'node:fs';
import { rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { faultFs, mayMountFaults } from '../support/fault-fs.ts';
import { killed, never, sharedVolume } from '../support/lock-bench.ts';

test.each([
  ['an empty one', ''],
  ['half a one', '{'],
  ['one that names nobody', '{"id":7}'],
  ['zeros', '\0'.repeat(200)],
])('a damaged lease (%s) holds the target no longer than its silence', async (_, text) => {
  const { lockOf, leaseFile, holder } = await sharedVolume(30);
  await writeFile(leaseFile, text);
  const { lock } = await lockOf('pod-0');
  await lock.ensure(never);
  expect((await holder()).host).toBe('pod-0');
});

test('an idle holder writes nothing, so that nobody who watches the volume is woken', async () => {
  const { lockOf, leaseFile, stateDir } = await sharedVolume(20);
  const { lock } = await lockOf('pod-0');
  await lock.ensure(never);
  const times = async () => {
    const found = await Promise.all([leaseFile, stateDir].map((path) => stat(path, { bigint: true })));
    return found.map(({ ctimeNs }) => ctimeNs);
  };
  const before = await times();
  await sleep(300);
  await lock.ensure(never);
  expect(await times()).toEqual(before);
});

test('a lease that was wiped with everything else is put back', async () => {
  const { lockOf, leaseFile, stateDir, holder } = await sharedVolume();
  const { lock } = await lockOf('pod-0');
  await lock.ensure(never);
  await rm(stateDir, { recursive: true });
  const isThere = async () => {
    expect(await lock.ensure(never)).toBe(false);
    return existsSync(leaseFile);
  };
  await expect.poll(isThere).toBe(true);
  expect((await holder()).host).toBe('pod-0');
});

test('of eight pods that come at once one has the target, and then the next', async () => {
  const { lockOf } = await sharedVolume(1000);
  const pods = await Promise.all(Array.from({ length: 8 }, (_, index) => lockOf(`pod-${index}`)));
  let holding = 0;
  let most = 0;
  await Promise.all(
    pods.map(async ({ lock }) => {
      await lock.ensure(never);
      holding += 1;
      most = Math.max(most, holding);
      await sleep(20);
      holding -= 1;
      await lock[Symbol.asyncDispose]();
    }),
  );
  expect(most).toBe(1);
});

test('of pods that take over at once from a dead one, one has the target', async () => {
  for (let round = 0; round < 5; round += 1) {
    const { lockOf, leaseFile } = await sharedVolume(500);
    const { lock: dead } = await lockOf('pod-dead');
    await dead.ensure(never);
    await killed(dead, leaseFile);
    const pods = await Promise.all(Array.from({ length: 8 }, (_, index) => lockOf(`pod-${index}`)));
    const stop = new AbortController();
    let holding = 0;
    const ends = pods.map(async ({ lock }) => {
      await lock.ensure(stop.signal);
      holding += 1;
    });
    await expect.poll(() => holding).toBeGreaterThan(0);
    await sleep(700);
    stop.abort(new Error('stopped'));
    await Promise.allSettled(ends);
    expect(holding).toBe(1);
    expect(pods.map(({ said }) => said()).join()).not.toContain('would not be noticed');
    await Promise.all(pods.map(({ lock }) => lock[Symbol.asyncDispose]()));
  }
});

test('where no lease can be written it goes on, with one warning', async () => {
  const { lockOf, leaseFile } = await sharedVolume();
  await writeFile(leaseFile, '');
  const { lock, log } = await lockOf('pod-0', { stateDir: join(leaseFile, 'state') });
  await lock.ensure(never);
  await lock.ensure(never);
  expect(log.lines.map(({ message }) => message)).toEqual([
    expect.stringMatching(/^WHERRY_LOCK: another Wherry in another pod would not be noticed: .+; see to it/),
  ]);
});

test('the file on which others knock is there before they do', async () => {
  const { lockOf, stateDir } = await sharedVolume();
  const { lock } = await lockOf('pod-0');
  await lock.ensure(never);
  await expect(stat(join(stateDir, 'lease.knock'))).resolves.toMatchObject({ size: 0 });
});

describe.skipIf(!mayMountFaults)('a volume', () => {
  test('that is full or read-only at first has a lease when it can be written, and no warning', async () => {
    const { mount, obey } = await faultFs();
    await obey({ op: 'create', errno: 'ENOSPC', every: 1 });
    const { lockOf } = await sharedVolume();
    const { lock, log } = await lockOf('pod-0', { stateDir: mount });
    expect(await lock.ensure(never)).toBe(true);
    await obey();
    const isThere = async () => {
      expect(await lock.ensure(never)).toBe(false);
      return existsSync(join(mount, 'lease.json'));
    };
    await expect.poll(isThere).toBe(true);
    expect(log.lines).toEqual([]);
    const { lock: second } = await lockOf('pod-1', { stateDir: mount, policy: 'exit' });
    await expect(second.ensure(never)).rejects.toThrow('is held by pod-0');
  });

  test('without hard links has one holder', async () => {
    const { mount, obey } = await faultFs();
    await obey({ op: 'link', errno: 'EPERM', every: 1 });
    const { lockOf } = await sharedVolume(500);
    const pods = await Promise.all(
      Array.from({ length: 6 }, (_, index) => lockOf(`pod-${index}`, { stateDir: mount })),
    );
    const stop = new AbortController();
    let holding = 0;
    const ends = pods.map(async ({ lock }) => {
      await lock.ensure(stop.signal);
      holding += 1;
    });
    await expect.poll(() => holding).toBe(1);
    await sleep(500);
    stop.abort(new Error('stopped'));
    await Promise.allSettled(ends);
    expect(holding).toBe(1);
  });

  test('that lets only the owner set times hears the signs of life of others', async () => {
    const { mount, obey } = await faultFs();
    await obey({ op: 'utimens', errno: 'EPERM', every: 1 });
    const { lockOf } = await sharedVolume(500);
    const { lock: first } = await lockOf('pod-0', { stateDir: mount });
    const { lock: second } = await lockOf('pod-1', { stateDir: mount, policy: 'exit' });
    await first.ensure(never);
    await expect(second.ensure(never)).rejects.toThrow('is held by pod-0');
  });
});
