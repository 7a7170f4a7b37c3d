import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readSet } from '../support/engine-bench.ts';
import { ask, freePort } from '../support/http-client.ts';
import { localBench } from '../support/local-bench.ts';
import { run, start, stateOf, type Wherry } from '../support/program.ts';
import { ReloadApp } from '../support/reload-app.ts';

async function bench(more: Readonly<Record<string, string>> = {}) {
  const port = await freePort();
  const local = await localBench({ WHERRY_ADMIN_ADDRESS: `127.0.0.1:${port}`, ...more });
  const admin = `http://127.0.0.1:${port}`;
  const { target, settings } = local;
  /** What the source shows, as the running sidecar tells. */
  const shown = async () => JSON.parse((await ask(`${admin}/status`)).body || '{}').sourceRevision as unknown;
  /** Waits until the source was looked at once more from beginning to end. */
  const looked = async () => {
    const before = await polls(admin);
    await expect.poll(() => polls(admin)).toBeGreaterThanOrEqual(before + 2);
  };
  const steer = async (...words: readonly string[]) => {
    const ended = await run(words, settings);
    expect(ended, `wherry ${words.join(' ')}`).toMatchObject({ code: 0, stderr: '' });
    return ended.stdout;
  };
  const becomes = (files: Record<string, string>) => expect.poll(() => readSet(target)).toEqual(files);
  return { ...local, admin, shown, looked, steer, becomes };
}

/** As if the node had lost power: nothing is said, nothing is tidied up. */
async function restart(
  wherry: Wherry,
  { settings, looked }: Pick<Awaited<ReturnType<typeof bench>>, 'settings' | 'looked'>,
): Promise<Wherry> {
  await wherry.kill('SIGKILL');
  const next = start(['run'], settings);
  await next.says('wherry starts');
  await looked();
  return next;
}

/** How often the running sidecar looked at the source; 0 when it does not answer. */
async function polls(admin: string): Promise<number> {
  const { body } = await ask(`${admin}/metrics`);
  const counts = [...body.matchAll(/^wherry_polls_total\{.*\} (\d+)$/gm)].map((match) => Number(match[1]));
  return counts.reduce((sum, count) => sum + count, 0);
}

describe.each([
  ['through the state directory', {}, true],
  ['over the administration, with the token', { WHERRY_ADMIN_TOKEN: 'let-me-in' }, false],
])('%s', (_, more, leavesFiles) => {
  test('hold keeps what is published until resume, over a kill and a restart', async () => {
    const all = await bench(more);
    const { repository, settings, shown, looked, steer, becomes } = all;
    await repository.commit({ a: '1' });
    const wherry = start(['run'], settings);
    await becomes({ a: '1' });
    await looked();
    expect(await steer('hold')).toMatch(/^nothing new is published[^\n]*\n$/);
    const second = await repository.commit({ a: '2' });
    await expect.poll(shown).toBe(second);
    await looked();
    await becomes({ a: '1' });
    await restart(wherry, all);
    await expect.poll(shown).toBe(second);
    await becomes({ a: '1' });
    await steer('resume');
    await becomes({ a: '2' });
    expect(await stateOf(all.target)).not.toHaveProperty('hold');
    expect((await readdir(join(all.target, '..wherry'))).includes('requests')).toBe(leavesFiles);
  });

  test('pin goes back to an older commit, and resume follows the source again', async () => {
    const all = await bench(more);
    const { repository, settings, looked, steer, becomes } = all;
    const first = await repository.commit({ a: '1' });
    const wherry = start(['run'], settings);
    await becomes({ a: '1' });
    await repository.commit({ a: '2' });
    await becomes({ a: '2' });
    await looked();
    await steer('hold');
    await steer('pin', first.slice(0, 8));
    await becomes({ a: '1' });
    await repository.commit({ a: '3' });
    await looked();
    await becomes({ a: '1' });
    await restart(wherry, all);
    await becomes({ a: '1' });
    expect(await stateOf(all.target)).toMatchObject({ pin: { revision: first } });
    expect(await stateOf(all.target)).not.toHaveProperty('hold');
    await steer('resume');
    await becomes({ a: '3' });
  });

  test('pin follows a branch or a tag', async () => {
    const { repository, settings, looked, steer, becomes } = await bench(more);
    await repository.commit({ a: 'other' }, 'other');
    await repository.commit({ a: 'main' });
    start(['run'], settings);
    await becomes({ a: 'main' });
    await looked();
    await steer('pin', 'other');
    await becomes({ a: 'other' });
  });

  test('pin to what is not there is reported as what it is, until resume', async () => {
    const { repository, settings, target, looked, steer, becomes } = await bench(more);
    await repository.commit({ a: 'main' });
    const wherry = start(['run'], settings);
    await becomes({ a: 'main' });
    await looked();
    await steer('pin', 'v9');
    const reported = `pin: "v9" is not a branch, tag or ref of ${repository.path}; bring it back, pin another revision, or say \`wherry resume\``;
    await expect.poll(async () => (await stateOf(target)).lastFailure?.message).toBe(reported);
    await wherry.says(reported);
    await steer('resume');
    await repository.commit({ a: 'next' });
    await becomes({ a: 'next' });
    await expect.poll(async () => (await stateOf(target)).lastFailure).toBeUndefined();
  });

  test('rollback brings the good set before, and what was bad stays away until the source moves', async () => {
    await using app = await ReloadApp.start();
    const all = await bench({ ...more, WHERRY_RELOAD_URL: app.url().href });
    const { repository, target, settings, shown, looked, steer, becomes } = all;
    const taken = (revision: string) =>
      expect.poll(async () => (await stateOf(target)).good?.revision).toBe(revision);
    const first = await repository.commit({ a: 'good' });
    const wherry = start(['run'], settings);
    await becomes({ a: 'good' });
    await taken(first);
    const bad = await repository.commit({ a: 'bad' });
    await becomes({ a: 'bad' });
    await taken(bad);
    await looked();
    await steer('rollback');
    await becomes({ a: 'good' });
    await expect.poll(async () => (await stateOf(target)).lastRequest?.result).toBe('done');
    expect(await stateOf(target)).toMatchObject({ quarantine: [{ revision: bad, by: 'operator' }] });
    await looked();
    await becomes({ a: 'good' });
    await restart(wherry, all);
    await expect.poll(shown).toBe(bad);
    await becomes({ a: 'good' });
    const better = await repository.commit({ a: 'better' });
    await becomes({ a: 'better' });
    await taken(better);
    expect(app.most).toBe(1);
  });

  test('resume tries again what rollback took away', async () => {
    const { repository, settings, looked, steer, becomes } = await bench(more);
    await repository.commit({ a: '1' });
    start(['run'], settings);
    await becomes({ a: '1' });
    await repository.commit({ a: '2' });
    await becomes({ a: '2' });
    await looked();
    await steer('rollback');
    await becomes({ a: '1' });
    await steer('resume');
    await becomes({ a: '2' });
  });

  test('what cannot be done is exit code 6 and why, and --json tells it to programs', async () => {
    const { repository, settings, looked } = await bench(more);
    await repository.commit({ a: '1' });
    start(['run'], settings);
    await looked();
    const { code, stdout, stderr } = await run(['rollback', '--json'], settings);
    expect(code).toBe(6);
    expect(JSON.parse(stdout)).toMatchObject({ action: 'rollback', result: 'refused' });
    expect(stderr).toMatch(/^wherry: rollback: [^\n]+\n$/);
    const unknown = await run(['pin', 'abcdef0'], settings);
    expect(unknown).toMatchObject({ code: 2, stdout: '' });
    expect(unknown.stderr).toContain('"abcdef0" is the beginning of no revision');
  });
});

test('a request that is left while nothing runs is carried out at the start, once', async () => {
  const { repository, settings, target, shown, looked, becomes } = await bench();
  await repository.commit({ a: '1' });
  await run(['init'], settings);
  const holding = start(['hold'], settings);
  await expect.poll(() => requestsIn(target)).toHaveLength(1);
  const second = await repository.commit({ a: '2' });
  start(['run'], settings);
  expect(await holding.ended).toMatchObject({ code: 0 });
  await expect.poll(shown).toBe(second);
  await looked();
  await becomes({ a: '1' });
  await expect.poll(() => requestsIn(target)).toEqual([]);
});

test('a held sidecar publishes its first set all the same', async () => {
  const { repository, settings, steer, looked, becomes } = await bench();
  start(['run'], settings);
  await looked();
  await steer('hold');
  await repository.commit({ a: '1' });
  await becomes({ a: '1' });
  await repository.commit({ a: '2' });
  await looked();
  await becomes({ a: '1' });
});

test('a request wakes a sidecar that does not poll', async () => {
  const { repository, settings, becomes, steer, admin } = await bench({ WHERRY_POLL_INTERVAL: '0' });
  const first = await repository.commit({ a: '1' });
  await repository.commit({ a: '2' });
  start(['run'], { ...settings });
  await becomes({ a: '2' });
  await expect.poll(async () => (await ask(`${admin}/livez`)).status).toBe(200);
  await steer('pin', first);
  await becomes({ a: '1' });
});

test('the API refuses who has no token, and tells programs what became of a request', async () => {
  const all = await bench({ WHERRY_ADMIN_TOKEN: 'let-me-in' });
  const { repository, settings, admin, looked, becomes } = all;
  const first = await repository.commit({ a: '1' });
  start(['run'], settings);
  await looked();
  const headers = { authorization: 'Bearer let-me-in' };
  expect((await ask(`${admin}/hold`, { method: 'POST' })).status).toBe(401);
  expect((await ask(`${admin}/pin`, { method: 'POST', headers })).status).toBe(400);
  expect((await ask(`${admin}/rollback`, { method: 'POST', headers })).status).toBe(409);
  const held = await ask(`${admin}/hold`, { method: 'POST', headers });
  expect(held.status).toBe(200);
  expect(JSON.parse(held.body)).toMatchObject({ action: 'hold', result: 'done' });
  await repository.commit({ a: '2' });
  await looked();
  await becomes({ a: '1' });
  expect((await ask(`${admin}/resume`, { method: 'POST', headers })).status).toBe(200);
  await becomes({ a: '2' });
  expect((await ask(`${admin}/rollback`, { method: 'POST', headers })).status).toBe(202);
  await becomes({ a: '1' });
  const denied = await run(['hold'], { ...settings, WHERRY_ADMIN_TOKEN: 'other' });
  expect(denied.code).toBe(3);
  expect(denied.stderr).toContain('WHERRY_ADMIN_TOKEN');
  const pinned = await ask(`${admin}/pin?revision=${first.slice(0, 7)}`, { method: 'POST', headers });
  expect(JSON.parse(pinned.body)).toMatchObject({ action: 'pin', detail: expect.stringContaining(first) });
});

async function requestsIn(target: string): Promise<readonly string[]> {
  const names = await readdir(join(target, '..wherry', 'requests')).catch(() => []);
  return names.filter((name) => name.endsWith('.json'));
}
