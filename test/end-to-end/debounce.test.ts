import { expect, test } from 'vitest';
import { ask, freePort } from '../support/http-client.ts';
import { linesOf, publishedBy, sidecarBench } from '../support/sidecar-bench.ts';

/** A sidecar that has published a first commit, more commits beside its branch, and a way to be seen moving to one. */
async function bench(more: Readonly<Record<string, string>>) {
  const port = await freePort();
  const all = await sidecarBench({
    WHERRY_ADMIN_ADDRESS: `127.0.0.1:${port}`,
    WHERRY_POLL_INTERVAL: '100ms',
    ...more,
  });
  const { repository, start, shows } = all;
  const first = await repository.commit({ a: '0' });
  const commits: string[] = [];
  for (const a of ['1', '2', '3', '4', '5', '6']) commits.push(await repository.commit({ a }, 'aside'));
  const wherry = start();
  await shows({ a: '0' });
  const shown = async () =>
    JSON.parse((await ask(`http://127.0.0.1:${port}/status`)).body || '{}').sourceRevision as unknown;
  await expect.poll(shown).toBe(first);
  /** Moves the branch; resolves with the time when the sidecar has seen it. */
  const moveTo = async (commit: string | undefined): Promise<number> => {
    const at = Date.now();
    await repository.point(commit ?? '');
    await expect.poll(shown, { interval: 20 }).toBe(commit);
    return at;
  };
  const publishTimes = () => linesOf(wherry, 'published').map(({ time }) => Date.parse(String(time)));
  return { ...all, first, commits, wherry, moveTo, publishTimes };
}

test('of three commits in quick succession only the last is published, when it has been quiet', async () => {
  const { commits, first, wherry, moveTo, publishTimes, shows } = await bench({ WHERRY_DEBOUNCE: '3s' });
  await moveTo(commits[0]);
  await moveTo(commits[1]);
  const lastMove = await moveTo(commits[2]);
  await shows({ a: '3' });
  await expect.poll(() => publishedBy(wherry)).toEqual([first, commits[2]]);
  expect((publishTimes()[1] ?? 0) - lastMove).toBeGreaterThanOrEqual(2900);
  const waits = linesOf(wherry, 'a change waits until the source is quiet (WHERRY_DEBOUNCE)');
  expect(waits).toEqual([
    expect.objectContaining({ revision: commits[0], quietForMs: 3000, atMostMs: 12_000 }),
  ]);
});

test('a stream of commits that never gets quiet is published after WHERRY_DEBOUNCE_MAX', async () => {
  const { commits, wherry, moveTo, publishTimes } = await bench({
    WHERRY_DEBOUNCE: '3s',
    WHERRY_DEBOUNCE_MAX: '3500ms',
  });
  const began = await moveTo(commits[0]);
  let ended = began;
  for (let index = 1; publishTimes().length < 2 && Date.now() - began < 30_000; index += 1) {
    ended = await moveTo(commits[index % commits.length]);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  const [, published = 0] = publishTimes();
  expect(published - began).toBeGreaterThanOrEqual(3400);
  // It was never quiet for as long as it would have needed.
  expect(published - ended).toBeLessThan(2900);
  expect(publishedBy(wherry)).toHaveLength(2);
});
