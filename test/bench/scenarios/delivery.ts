import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench, Scenario } from '../bench.ts';
import { directory } from '../places/directory.ts';
import { gitInDirectory, gitOver } from '../places/git.ts';
import type { Holding, Place } from '../places/place.ts';
import { s3Archive, s3Object, s3Prefix } from '../places/s3.ts';
import type { Keeping, Program } from '../programs/program.ts';
import { Wherry } from '../programs/wherry.ts';
import { ReloadApp } from '../reload-app.ts';
import type { Figure } from '../report.ts';

const second = 1000;
const token = 'wake-up';
/** Waits before the changes are spread by it over the time between two polls, evenly after any number of them. */
const goldenRatio = 0.618;

type Open = (bench: Bench, holding: Holding) => Promise<Place>;

/** Watched, a change must be there at once. */
const watched: readonly (readonly [Open, number?])[] = [[gitInDirectory, 100], [directory]];
const asked: readonly Open[] = [gitOver('http'), s3Object, s3Archive, s3Prefix];

/** From the moment that the source changes to the reload call, with one changed file of 50. */
export const delivery: Scenario = {
  name: 'delivery',
  title: 'From change to reload',
  run: async (bench) => {
    const wherry = new Wherry(bench);
    const woken = new Wherry(bench, { WHERRY_ADMIN_TOKEN: token });
    const figures: Figure[] = [];
    const compare = async (open: Open, program: Program, how: string, keeping: Keeping, bar?: number) => {
      figures.push(...(await measure(bench, open, program, how, keeping, bar)));
    };
    const comparePeers = async (open: Open) => {
      for (const peer of bench.peers) await compare(open, peer, 'polled each second', { interval: second });
    };
    for (const [open, bar] of watched) {
      await compare(open, wherry, 'watched', {}, bar);
      await comparePeers(open);
    }
    for (const open of asked) {
      await compare(open, wherry, 'polled each second', { interval: second });
      await compare(open, woken, 'woken by POST /sync', { interval: 0 });
      await comparePeers(open);
    }
    return figures;
  },
};

async function measure(
  bench: Bench,
  open: Open,
  program: Program,
  how: string,
  keeping: Keeping,
  bar: number | undefined,
): Promise<readonly Figure[]> {
  const changes = bench.runs(20) + 1;
  await using place = await open(bench, { files: 50, changes });
  if (!program.takes(place)) return [];
  await using application = await ReloadApp.start();
  await using keeper = await program.keep(place, { ...keeping, reload: application.url });
  await keeper.published();
  // What is watched is so after the first publish.
  await sleep(second);
  const times: number[] = [];
  for (let change = 1; change <= changes; change += 1) {
    const time = await application.timeFrom(async () => {
      await place.change(change);
      if (keeping.interval === 0) await keeper.wake?.();
    });
    await keeper.rested();
    // The first one loads code that the others find loaded.
    if (change > 1) times.push(time);
    await sleep(100 + ((change * goldenRatio) % 1) * (keeping.interval ?? 0));
  }
  const limit = bar === undefined ? {} : { bar };
  return [{ name: `${place.name}: ${program.name}, ${how}`, unit: 'ms', values: times, ...limit }];
}
