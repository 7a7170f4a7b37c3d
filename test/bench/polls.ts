import { setTimeout as sleep } from 'node:timers/promises';
import { until } from './measure.ts';
import type { Keeper } from './programs/program.ts';

const hour = 3_600_000;

/** Waits for so many more looks that found nothing, without asking so often that the asking would count. */
export async function passPolls(keeper: Keeper, count: number): Promise<void> {
  const first = await keeper.polls();
  const started = performance.now();
  const isOver = async () => {
    const made = (await keeper.polls()) - first;
    if (made >= count) return true;
    const elapsed = performance.now() - started;
    await sleep(Math.min(10_000, Math.max(200, ((count - made) * elapsed) / Math.max(made, 1))));
    return false;
  };
  await until(`${count} polls`, isOver, hour);
}

/** Waits for the end of the look that is going on, or of the next one; gives back how many there were. */
export async function nextPoll(keeper: Keeper): Promise<number> {
  const before = await keeper.polls();
  let now = before;
  await until('the next poll', async () => {
    now = await keeper.polls();
    return now > before;
  });
  return now;
}
