import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { HeldError, placeOfThis } from '../../src/lock/holder.ts';
import { type LockOptions, TargetLock } from '../../src/lock/target-lock.ts';
import { whoHolds } from '../../src/lock/who-holds.ts';
import { faultFs, mayMountFaults } from '../support/fault-fs.ts';
import { RecordingLog } from '../support/recording-log.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const never = new AbortController().signal;
const noSign = 'gives no sign of life';

/** A state directory that pods share, each with a name of its own for the target, as in a network of its own. */
async function sharedVolume(beat = 100) {
  const stateDir = await temporaryDirectory();
  const lockOf = async (host: string, more: Partial<LockOptions> = {}) => {
    const log = new RecordingLog();
    const lock = new TargetLock({
      policy: 'wait',
      target: await temporaryDirectory(),
      stateDir,
      dirMode: 0o755,
      source: 'a source',
      log,
      beat,
      place: { host, boot: 'boot', network: `network of ${host}` },
      ...more,
    });
    onTestFinished(() => lock[Symbol.asyncDispose]());
    const said = () => log.lines.map(({ message }) => message).join('\n');
    return { lock, log, said };
  };
  const leaseFile = join(stateDir, 'lease.json');
  return { stateDir, leaseFile, lockOf, holder: async () => JSON.parse(await readFile(leaseFile, 'utf8')) };
}

/** As a process ends that is killed: it says nothing to anybody, and its lease stays. */
async function killed(lock: TargetLock, leaseFile: string): Promise<void> {
  const left = await readFile(leaseFile);
  await lock[Symbol.asyncDispose]();
  await writeFile(leaseFile, left);
}

test('in one pod the second waits for the first, names it, and has the target as soon as that is gone', async () => {
  const { lockOf, holder } = await sharedVolume();
  const target = await temporaryDirectory();
  const place = { host: 'pod-0', boot: 'boot', network: 'network' };
  const { lock: first } = await lockOf('pod-0', { target, place });
  const { lock: second, said } = await lockOf('pod-0', { target, place });
  expect(await first.ensure(never)).toBe(true);
  expect(await first.ensure(never)).toBe(false);
  const { id } = await holder();
  const waiting = second.ensure(never);
  await expect.poll(said).toContain('the target is held by pod-0, process');
  expect(second.refusal?.message).toMatch(/^WHERRY_TARGET: .* is held by pod-0, process \d+ .*with a source/);
  expect((await holder()).id).toBe(id);
  await first[Symbol.asyncDispose]();
  expect(await waiting).toBe(true);
  expect(second.refusal).toBeUndefined();
  expect((await holder()).id).not.toBe(id);
  expect(said()).not.toContain(noSign);
});

test('one that is not to wait ends with 7 and the name of the holder', async () => {
  const { lockOf } = await sharedVolume();
  const target = await temporaryDirectory();
  const { lock: first } = await lockOf('pod-0', { target });
  const { lock: second } = await lockOf('pod-0', { target, policy: 'exit' });
  await first.ensure(never);
  const error = await second.ensure(never).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(HeldError);
  expect(error).toMatchObject({ exitCode: 7, message: expect.stringContaining('is held by pod-0') });
});

test('with WHERRY_LOCK=off nobody asks and nothing is left in the volume', async () => {
  const { lockOf, leaseFile } = await sharedVolume();
  const target = await temporaryDirectory();
  const { lock: first } = await lockOf('pod-0', { target });
  const { lock: second } = await lockOf('pod-0', { target, policy: 'off' });
  expect(await second.ensure(never)).toBe(false);
  await expect(stat(leaseFile)).rejects.toThrow('ENOENT');
  await first.ensure(never);
  expect(await second.ensure(never)).toBe(false);
});

test('a wait ends with its signal', async () => {
  const { lockOf } = await sharedVolume();
  const target = await temporaryDirectory();
  const { lock: first } = await lockOf('pod-0', { target });
  const { lock: second, said } = await lockOf('pod-0', { target });
  await first.ensure(never);
  const stop = new AbortController();
  const waiting = second.ensure(stop.signal);
  await expect.poll(said).toContain('is held by');
  stop.abort(new Error('stopped'));
  await expect(waiting).rejects.toThrow('stopped');
});

test('another pod waits while the holder gives signs of life, and follows when it gives the target back', async () => {
  const { lockOf, holder } = await sharedVolume(250);
  const { lock: first } = await lockOf('pod-0');
  const { lock: second, said } = await lockOf('pod-1');
  await first.ensure(never);
  const waiting = second.ensure(never);
  await expect.poll(said).toContain('held by pod-0');
  await sleep(1500);
  expect((await holder()).host).toBe('pod-0');
  expect(said()).not.toContain(`) ${noSign}`);
  await first[Symbol.asyncDispose]();
  await waiting;
  expect((await holder()).host).toBe('pod-1');
});

test('another pod takes over from one that gives no sign of life', async () => {
  const { lockOf, leaseFile, holder } = await sharedVolume(50);
  const { lock: first } = await lockOf('pod-0');
  await first.ensure(never);
  await killed(first, leaseFile);
  const { lock: second, said } = await lockOf('pod-1');
  await second.ensure(never);
  expect(said()).toContain(noSign);
  expect((await holder()).host).toBe('pod-1');
});

test('one that is not to wait takes over from a dead one, and ends for a living one', async () => {
  const { lockOf, leaseFile } = await sharedVolume(200);
  const { lock: first } = await lockOf('pod-0');
  await first.ensure(never);
  await killed(first, leaseFile);
  const { lock: second } = await lockOf('pod-1', { policy: 'exit' });
  expect(await second.ensure(never)).toBe(true);
  const { lock: third } = await lockOf('pod-2', { policy: 'exit' });
  await expect(third.ensure(never)).rejects.toThrow('is held by pod-1');
});

test.each([
  ['the same pod', { host: 'pod-0', boot: 'boot', network: 'network of pod-0' }],
  ['the machine that was started anew', { host: 'pod-0', boot: 'another boot', network: 'network' }],
])('after a kill %s loses no time', async (_, place) => {
  const { lockOf, leaseFile, holder } = await sharedVolume(60_000);
  const target = await temporaryDirectory();
  const { lock: first } = await lockOf('pod-0', { target });
  await first.ensure(never);
  const { id } = await holder();
  await killed(first, leaseFile);
  const { lock: second, log } = await lockOf('pod-0', { target, place });
  await second.ensure(never);
  expect((await holder()).id).not.toBe(id);
  expect(log.lines).toEqual([]);
});

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

test('a holder that was taken for dead notices the other, gives up and waits for it', async () => {
  const { lockOf, leaseFile, holder } = await sharedVolume(50);
  let lost = 0;
  const { lock: first, said } = await lockOf('pod-0', { onLost: () => (lost += 1) });
  await first.ensure(never);
  await rm(leaseFile);
  const { lock: second } = await lockOf('pod-1');
  await second.ensure(never);
  await expect.poll(() => lost).toBeGreaterThan(0);
  const steps: string[] = [];
  const again = first.ensure(never, async () => void steps.push('gave up')).then(() => steps.push('has it'));
  await expect.poll(said).toContain('the target was taken over by pod-1');
  await expect.poll(() => steps).toEqual(['gave up']);
  expect((await holder()).host).toBe('pod-1');
  await second[Symbol.asyncDispose]();
  await again;
  expect(steps).toEqual(['gave up', 'has it']);
  expect((await holder()).host).toBe('pod-0');
});

test('a lease that was wiped with everything else is put back', async () => {
  const { lockOf, leaseFile, stateDir, holder } = await sharedVolume();
  const { lock } = await lockOf('pod-0');
  await lock.ensure(never);
  await rm(stateDir, { recursive: true });
  expect(await lock.ensure(never)).toBe(false);
  expect((await holder()).host).toBe('pod-0');
  await expect(stat(leaseFile)).resolves.toBeDefined();
});

test('a target that was made anew is held as before', async () => {
  const { lockOf } = await sharedVolume();
  const target = join(await temporaryDirectory(), 'config');
  const { lock: first } = await lockOf('pod-0', { target });
  await first.ensure(never);
  await rename(target, `${target}.old`);
  expect(await first.ensure(never)).toBe(false);
  await mkdir(target);
  expect(await first.ensure(never)).toBe(true);
  const { lock: second } = await lockOf('pod-0', { target, policy: 'exit' });
  await expect(second.ensure(never)).rejects.toThrow('is held by pod-0');
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

test('whoever asks about a target hears who has its state directory for another', async () => {
  const { lockOf, stateDir } = await sharedVolume();
  const target = await temporaryDirectory();
  const { lock } = await lockOf('pod-0', { place: placeOfThis() });
  await lock.ensure(never);
  expect(await whoHolds({ target, stateDir }, never)).toMatch(
    new RegExp(`^held by .*, process ${process.pid} `),
  );
  await killed(lock, join(stateDir, 'lease.json'));
  expect(await whoHolds({ target, stateDir }, never)).toBeUndefined();
});

describe.skipIf(!mayMountFaults)('a volume', () => {
  test('that is full or read-only at first has a lease when it can be written, and no warning', async () => {
    const { mount, obey } = await faultFs();
    await obey({ op: 'create', errno: 'ENOSPC', every: 1 });
    const { lockOf } = await sharedVolume();
    const { lock, log } = await lockOf('pod-0', { stateDir: mount });
    expect(await lock.ensure(never)).toBe(true);
    await obey();
    expect(await lock.ensure(never)).toBe(false);
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

test('whoever asks hears who holds a target, and leaves nothing', async () => {
  const { lockOf, stateDir } = await sharedVolume();
  const target = await temporaryDirectory();
  expect(await whoHolds({ target, stateDir }, never)).toBeUndefined();
  const { lock } = await lockOf('pod-0', { target });
  await lock.ensure(never);
  expect(await whoHolds({ target, stateDir }, never)).toMatch(/^held by pod-0, process \d+/);
  const elsewhere = await temporaryDirectory();
  expect(await whoHolds({ target: elsewhere, stateDir }, never)).toMatch(/^held by pod-0.*, or was until/);
  await lock[Symbol.asyncDispose]();
  expect(await whoHolds({ target, stateDir }, never)).toBeUndefined();
});
