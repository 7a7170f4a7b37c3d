import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { HeldError, placeOfThis } from '../../src/lock/holder.ts';
import { whoHolds } from '../../src/lock/who-holds.ts';
import { killed, never, sharedVolume } from '../support/lock-bench.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const noSign = 'gives no sign of life';

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

test('a target that was made anew is held as before', async () => {
  const { lockOf } = await sharedVolume();
  const target = join(await temporaryDirectory(), 'config');
  const { lock: first } = await lockOf('pod-0', { target });
  await first.ensure(never);
  await rename(target, `${target}.old`);
  expect(await first.ensure(never)).toBe(false);
  await mkdir(target);
  await expect.poll(() => first.ensure(never)).toBe(true);
  const { lock: second } = await lockOf('pod-0', { target, policy: 'exit' });
  await expect(second.ensure(never)).rejects.toThrow('is held by pod-0');
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
