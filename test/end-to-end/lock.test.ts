import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { readSet } from '../support/engine-bench.ts';
import { ask, freePort } from '../support/http-client.ts';
import { localBench } from '../support/local-bench.ts';
import { run, start, startThrough } from '../support/program.ts';

const exec = promisify(execFile);

/** A network of its own is what another pod has. */
const mayUnshare = await exec('unshare', ['--net', 'true']).then(
  () => true,
  () => false,
);

async function heldTarget() {
  const bench = await localBench();
  const { repository, target, settings } = bench;
  await repository.commit({ a: '1' });
  const first = start(['run'], settings);
  await first.says('published');
  return { ...bench, first, lease: join(target, '..wherry/lease.json') };
}

test('a second sidecar says who holds the target, is alive and not started, and takes over at its end', async () => {
  const { repository, target, settings, first } = await heldTarget();
  const port = await freePort();
  const second = start(['run'], { ...settings, WHERRY_ADMIN_ADDRESS: `127.0.0.1:${port}` });
  const line = await second.says('the target is held by');
  expect(line.message).toMatch(
    new RegExp(`, process ${first.child.pid} \\(wherry \\S+, since .*waiting for its end`),
  );
  const health = (name: string) => ask(`http://127.0.0.1:${port}/${name}`);
  await expect.poll(async () => (await health('livez')).status).toBe(200);
  expect(await health('startupz')).toMatchObject({
    status: 503,
    body: expect.stringContaining('is held by'),
  });
  expect((await health('readyz')).status).toBe(503);
  const shown = async () => JSON.parse((await health('status')).body);
  expect((await shown()).lastFailure).toMatchObject({
    kind: 'target',
    message: expect.stringContaining('is held by'),
  });
  await repository.commit({ a: '2' });
  await expect.poll(() => readSet(target)).toEqual({ a: '2' });
  expect(second.log.some(({ message }) => message === 'published')).toBe(false);

  await first.kill('SIGKILL');
  await second.says('the target is free');
  await expect.poll(async () => (await health('startupz')).status).toBe(200);
  expect((await shown()).lastFailure).toBeUndefined();
  await repository.commit({ a: '3' });
  await expect.poll(() => readSet(target)).toEqual({ a: '3' });
});

test('init waits for WHERRY_INIT_TIMEOUT at most, and then names the holder; with WHERRY_LOCK=exit it does so at once', async () => {
  const { settings, first } = await heldTarget();
  const held = { code: 7, stderr: expect.stringContaining(`, process ${first.child.pid} (wherry`) };
  expect(await run(['init'], { ...settings, WHERRY_INIT_TIMEOUT: '500ms' })).toMatchObject(held);
  expect(await run(['init'], { ...settings, WHERRY_LOCK: 'exit' })).toMatchObject(held);
  const ended = await run(['run'], { ...settings, WHERRY_LOCK: 'exit' });
  expect(ended).toMatchObject(held);
  expect(ended.stderr).not.toContain('nextTryInMs');
  const lenient = { WHERRY_LOCK: 'exit', WHERRY_ON_INIT_FAILURE: 'use-last-good' };
  expect(await run(['init'], { ...settings, ...lenient })).toMatchObject({ code: 0 });
  const waiting = start(['init'], settings);
  await waiting.says('waiting for its end');
  await first.kill('SIGTERM');
  expect((await waiting.ended).code).toBe(0);
});

test('a held target is a warning of check', async () => {
  const { target, settings, first } = await heldTarget();
  const { code, stdout } = await run(['check'], settings);
  expect(code).toBe(0);
  expect(stdout).toMatch(new RegExp(`^warn target +${target} is held by .*process ${first.child.pid} `, 'm'));
  await first.kill('SIGTERM');
  expect((await run(['check'], settings)).stdout).not.toContain('warn');
});

test('nobody waits for an init that is over, nor for a sidecar that was killed', async () => {
  const { target, settings, first } = await heldTarget();
  await first.kill('SIGKILL');
  const init = await run(['init'], settings);
  expect(init).toMatchObject({ code: 0, stderr: expect.not.stringContaining('held by') });
  const killed = start(['run'], settings);
  await killed.says('wherry starts');
  await killed.kill('SIGKILL');
  const last = start(['run'], settings);
  await last.says('wherry starts');
  expect((await last.kill('SIGTERM')).stderr).not.toContain('held by');
  expect(await readSet(target)).toEqual({ a: '1' });
});

test('a sidecar whose target was taken over stops publishing to it', async () => {
  const { repository, target, settings, first, lease } = await heldTarget();
  const other = {
    ...JSON.parse(await readFile(lease, 'utf8')),
    id: 'other',
    host: 'pod-1',
    network: 'other',
  };
  await writeFile(lease, JSON.stringify(other));
  await first.says('the target was taken over by pod-1');
  await repository.commit({ a: '2' });
  await first.says('unless that gives no sign of life');
  expect(await readSet(target)).toEqual({ a: '1' });
  expect((await run(['init'], { ...settings, WHERRY_LOCK: 'off' })).code).toBe(0);
  expect(await readSet(target)).toEqual({ a: '2' });
});

test('a sidecar whose target is taken over while it makes a set does not publish that', async () => {
  const { repository, target, settings } = await localBench();
  const [lease, other] = [join(target, '..wherry/lease.json'), join(target, '..other')];
  await repository.commit({ a: '1' });
  const takeOver = `if grep -q 2 {staged}/a; then cp ${other} ${lease}; fi`;
  const first = start(['run'], { ...settings, WHERRY_VALIDATE_EXEC: takeOver });
  await first.says('published');
  const holder = {
    ...JSON.parse(await readFile(lease, 'utf8')),
    id: 'other',
    host: 'pod-1',
    network: 'other',
  };
  await writeFile(other, JSON.stringify(holder));
  const state = await readFile(join(target, '..wherry/state.json'), 'utf8');
  await repository.commit({ a: '2' });
  await first.says('the target was taken over by pod-1');
  expect(await readSet(target)).toEqual({ a: '1' });
  expect(JSON.parse(state).sequence).toBe(1);
  expect(first.log.filter(({ message }) => message === 'published')).toHaveLength(1);
});

test('an init whose target is taken over while it makes a set publishes nothing, and ends with 7', async () => {
  const { repository, target, settings } = await localBench();
  const lease = join(target, '..wherry/lease.json');
  await repository.commit({ a: '1' });
  const takeOver = `sed -i -e 's/"id":"[^"]*"/"id":"other"/' -e 's/"network":"[^"]*"/"network":"other"/' ${lease}`;
  const ended = await run(['init'], { ...settings, WHERRY_VALIDATE_EXEC: takeOver });
  expect(ended).toMatchObject({
    code: 7,
    stderr: expect.stringContaining('was taken over by another Wherry'),
  });
  expect(await readSet(target)).toBeUndefined();
});

test.skipIf(!mayUnshare)('a sidecar of another pod waits for the holder, and follows it', async () => {
  const { repository, target, settings, first } = await heldTarget();
  const second = startThrough(['unshare', '--net'], ['run'], settings);
  const { message } = await second.says('the target is held by');
  expect(message).toContain('unless that gives no sign of life for 35 s');
  await first.kill('SIGTERM');
  await second.says('the target is free');
  await repository.commit({ a: '2' });
  await expect.poll(() => readSet(target), { timeout: 20_000 }).toEqual({ a: '2' });
});
