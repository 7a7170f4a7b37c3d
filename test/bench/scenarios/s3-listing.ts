import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Bench, Scenario } from '../bench.ts';
import { memoryOf, peakOf, until, usageOf } from '../measure.ts';
import { published } from '../metrics.ts';
import { type S3Place, type S3Store, serveObjects, settingsOf } from '../s3/store.ts';

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
    const wherry: Listing[] = [];
    const sdk: Listing[] = [];
    for (let run = 0; run < bench.runs(3); run += 1) {
      wherry.push(await measureSidecar(bench, store));
      sdk.push(await measureSdk(bench, store.place));
    }
    return [
      { name: 'CPU of a listing', unit: 'ms', values: wherry.map(({ cpu }) => cpu), bar: 1000 },
      { name: 'peak RSS', unit: 'MiB', values: wherry.map(({ peak }) => peak) },
      { name: 'RSS', unit: 'MiB', values: wherry.map(({ rss }) => rss) },
      { name: 'AWS SDK: CPU of a listing', unit: 'ms', values: sdk.map(({ cpu }) => cpu) },
      { name: 'AWS SDK: peak RSS', unit: 'MiB', values: sdk.map(({ peak }) => peak) },
      { name: 'AWS SDK: RSS', unit: 'MiB', values: sdk.map(({ rss }) => rss) },
    ];
  },
};

/** CPU in milliseconds, sizes in MiB. */
interface Listing {
  readonly cpu: number;
  readonly peak: number;
  readonly rss: number;
}

/** It lists all, and takes a hundred of them. */
async function measureSidecar(bench: Bench, store: S3Store): Promise<Listing> {
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

async function measureSdk({ env, directory: cwd }: Bench, place: S3Place): Promise<Listing> {
  const script = join(import.meta.dirname, '../s3/sdk-listing.ts');
  const options = JSON.stringify({ ...place, prefix, listings });
  const { stdout } = await promisify(execFile)(process.execPath, [script, options], { env, cwd });
  return JSON.parse(stdout) as Listing;
}
