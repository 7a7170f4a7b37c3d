import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Bench, Scenario } from '../bench.ts';
import { memoryOf, peakOf, until, usageOf } from '../measure.ts';
import { published } from '../metrics.ts';
import type { Figure } from '../report.ts';
import type { ListingFigures, ListingTask } from '../s3/listing-figures.ts';
import { type S3Store, serveObjects, settingsOf } from '../s3/store.ts';

const count = 100_000;
const prefix = 'config/';
const listings = 5;
/** Of a thousand keys, as S3 makes them. */
const pages = count / 1000;

/** A poll that must list a large prefix to find that nothing has changed, beside the listing alone as the AWS SDK makes it. */
export const s3Listing: Scenario = {
  name: 's3-listing',
  title: `Polling a prefix of ${count.toLocaleString('en')} objects`,
  run: async (bench) => {
    await using store = await serveObjects(bench, [{ kind: 'many', prefix, count, size: 100 }]);
    const sidecar: ListingFigures[] = [];
    const probe: ListingFigures[] = [];
    const sdk: ListingFigures[] = [];
    const task = { ...store.place, prefix, listings };
    for (let run = 0; run < bench.runs(3); run += 1) {
      sidecar.push(await measureSidecar(bench, store));
      probe.push(await measureChild(bench, 'probe-listing.ts', task));
      sdk.push(await measureChild(bench, 'sdk-listing.ts', task));
    }
    return [
      ...figuresOf('sidecar with WHERRY_INCLUDE for 100 of them', sidecar, 1000),
      ...figuresOf('the source alone, without globs', probe, 1000),
      ...figuresOf('the listing alone, with the AWS SDK', sdk),
    ];
  },
};

function figuresOf(name: string, runs: readonly ListingFigures[], bar?: number): readonly Figure[] {
  const limit = bar === undefined ? {} : { bar };
  return [
    { name: `${name}: CPU`, unit: 'ms', values: runs.map(({ cpu }) => cpu), ...limit },
    { name: `${name}: peak RSS`, unit: 'MiB', values: runs.map(({ peak }) => peak) },
  ];
}

/** It lists all, and takes a hundred of them. */
async function measureSidecar(bench: Bench, store: S3Store): Promise<ListingFigures> {
  const { signal } = bench;
  await using sidecar = await bench.sidecar({
    ...settingsOf(store.place),
    WHERRY_S3_PREFIX: prefix,
    WHERRY_S3_SETTLE: '0s',
    WHERRY_INCLUDE: 'part-0000/**',
    WHERRY_POLL_INTERVAL: '2s',
  });
  await published(sidecar, signal);
  const requestsBefore = await betweenPolls(store);
  const before = await usageOf(sidecar.pid);
  const wanted = requestsBefore + listings * pages;
  await until(`${listings} listings`, async () => (await store.requests()) >= wanted);
  const made = (await betweenPolls(store)) - requestsBefore;
  const after = await usageOf(sidecar.pid);
  return {
    cpu: (after.self - before.self) / (made / pages),
    peak: await peakOf(sidecar.pid),
    rss: (await memoryOf(sidecar.pid)).rss,
  };
}

/** Waits until no request has come for half a second, and tells how many there were. */
async function betweenPolls(store: S3Store): Promise<number> {
  for (let seen = -1; ; ) {
    const now = await store.requests();
    if (now === seen) return now;
    seen = now;
    await sleep(500);
  }
}

async function measureChild({ env, directory: cwd }: Bench, name: string, task: ListingTask) {
  const script = join(import.meta.dirname, '../s3', name);
  const { stdout } = await promisify(execFile)(process.execPath, [script, JSON.stringify(task)], {
    env,
    cwd,
  });
  return JSON.parse(stdout) as ListingFigures;
}
