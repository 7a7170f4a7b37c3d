import { memoryOf, peakOf } from '../measure.ts';
import type { S3Place } from './store.ts';

/** What a child process is asked for: to list a prefix so often, after a first time. */
export interface ListingTask extends S3Place {
  readonly prefix: string;
  readonly listings: number;
}

/** CPU in milliseconds, sizes in MiB. */
export interface ListingFigures {
  readonly cpu: number;
  readonly peak: number;
  readonly rss: number;
}

/** Does the task of the command line, and prints the figures of one listing. */
export async function sayListing(prepare: (task: ListingTask) => () => Promise<void>): Promise<void> {
  const [text = '{}'] = process.argv.slice(2);
  const task = JSON.parse(text) as ListingTask;
  const list = prepare(task);
  await list();
  const before = process.cpuUsage();
  for (let count = 0; count < task.listings; count += 1) await list();
  const { user, system } = process.cpuUsage(before);
  const figures: ListingFigures = {
    cpu: (user + system) / 1000 / task.listings,
    peak: await peakOf(process.pid),
    rss: (await memoryOf(process.pid)).rss,
  };
  console.log(JSON.stringify(figures));
  process.exit(0);
}
