import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench, Scenario } from '../bench.ts';
import { calm } from '../idle.ts';
import { type Memory, memoryOf } from '../measure.ts';
import { gitOver } from '../places/git.ts';
import type { Place } from '../places/place.ts';
import { s3Object } from '../places/s3.ts';
import { passPolls } from '../polls.ts';
import { Wherry } from '../programs/wherry.ts';
import type { Figure } from '../report.ts';

const few = 1000;
const many = 10_000;
const interval = 10;

/** Whether the sidecar grows with time: what it weighs after a thousand idle polls, and after ten thousand. */
export const idleGrowth: Scenario = {
  name: 'idle-growth',
  title: `Memory after ${many.toLocaleString('en')} idle polls`,
  isSlow: true,
  run: async (bench) => {
    await using git = await gitOver('http')(bench, { files: 50 });
    await using s3 = await s3Object(bench, { files: 50 });
    // Side by side: nothing is timed.
    const both = await Promise.all([measure(bench, git), measure(bench, s3)]);
    return both.flat();
  },
};

async function measure(bench: Bench, place: Place): Promise<readonly Figure[]> {
  const taken: { readonly early: Memory; readonly late: Memory }[] = [];
  for (let run = 0; run < bench.runs(1); run += 1) {
    await using keeper = await new Wherry(bench).keep(place, { interval });
    await keeper.published();
    // What the first set needed must have been given back by then.
    await Promise.all([passPolls(keeper, few), sleep(calm, undefined, { signal: bench.signal })]);
    const early = await memoryOf(keeper.pid);
    await passPolls(keeper, many - few);
    taken.push({ early, late: await memoryOf(keeper.pid) });
  }
  const figure = (what: string, values: readonly number[]): Figure => ({
    name: `${place.name}: ${what}`,
    unit: 'MiB',
    values,
  });
  return [
    figure(
      `RSS after ${few} polls`,
      taken.map(({ early }) => early.rss),
    ),
    figure(
      `RSS after ${many} polls`,
      taken.map(({ late }) => late.rss),
    ),
    figure(
      `private after ${few} polls`,
      taken.map(({ early }) => early.private),
    ),
    figure(
      `private after ${many} polls`,
      taken.map(({ late }) => late.private),
    ),
    {
      ...figure(
        'growth of private',
        taken.map(({ early, late }) => late.private - early.private),
      ),
      bar: 1,
    },
  ];
}
