import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { CephCluster, hasCeph } from '../../support/ceph-cluster.ts';
import { S3Writer } from '../../support/s3-writer.ts';
import type { Bench, Scenario } from '../bench.ts';
import { type Consumption, consumptionOf } from '../measure.ts';
import { type Figure, ratios } from '../report.ts';
import { keyOf } from '../s3/objects.ts';
import { aws, hasS3cmd, s3cmdSync } from '../s3/peers.ts';
import { type S3Place, settingsOf } from '../s3/store.ts';

const count = 1000;
const size = 4096;
const prefix = 'config/';
const marker = 'config/.complete';

/** A prefix of many small objects in a real store, beside what everybody takes for that. */
export const s3SmallObjects: Scenario = {
  name: 's3-small-objects',
  title: `${count.toLocaleString('en')} objects of 4 KiB from a Ceph gateway`,
  needs: (bench) =>
    hasCeph && bench.aws !== undefined && hasS3cmd ? undefined : 'Ceph, awscli and s3cmd of Debian',
  run: async (bench) => {
    await using cluster = await CephCluster.start(bench.newPath());
    const place = { ...cluster.access, bucket: `bench-${randomBytes(4).toString('hex')}` };
    await fill(place);
    const prefixed = { ...settingsOf(place), WHERRY_S3_PREFIX: prefix, WHERRY_EXCLUDE: '.complete' };
    const settled = { ...prefixed, WHERRY_S3_SETTLE: '0s' };
    const runs = {
      settled: [] as Consumption[],
      unflushed: [] as Consumption[],
      marked: [] as Consumption[],
      aws: [] as Consumption[],
      s3cmd: [] as Consumption[],
    };
    const { env, directory: cwd, aws: program = '' } = bench;
    const synced = (path: string) =>
      aws(program, ['sync', '--quiet'], { ...place, key: prefix }, path, { env, cwd });
    for (let turn = 0; turn < bench.runs(5) + 1; turn += 1) {
      const results = {
        settled: await init(bench, settled),
        unflushed: await init(bench, { ...settled, WHERRY_FSYNC: 'false' }),
        marked: await init(bench, { ...prefixed, WHERRY_S3_MARKER: marker }),
        aws: await bench.within((path) => consumptionOf(synced(path))),
        s3cmd: await bench.within((path) => consumptionOf(s3cmdSync(prefix, path, place, { env, cwd }))),
      };
      // The first turn fills the page cache.
      if (turn === 0) continue;
      for (const name of ['settled', 'unflushed', 'marked', 'aws', 's3cmd'] as const) {
        runs[name].push(results[name]);
      }
    }
    return [
      ...figuresOf('wherry init, listed alike twice', runs.settled),
      ...figuresOf('the same with WHERRY_FSYNC=false', runs.unflushed),
      ...figuresOf('wherry init with a marker', runs.marked),
      ...figuresOf('aws s3 sync', runs.aws),
      ...figuresOf('s3cmd sync', runs.s3cmd),
      { name: 'init ÷ aws s3 sync', unit: '×', values: times(runs.settled, runs.aws), bar: 1 },
      { name: 'init ÷ s3cmd sync', unit: '×', values: times(runs.settled, runs.s3cmd), bar: 1 },
    ];
  },
};

async function fill(place: S3Place): Promise<void> {
  using writer = new S3Writer(place);
  await writer.createBucket();
  await writer.putAll(
    Array.from({ length: count }, (_, index) => {
      const key = keyOf(prefix, index);
      return [key, `# object: ${key}\n`.repeat(size).slice(0, size)] as const;
    }),
  );
  // The store's times are in seconds: nothing may be as new as the marker.
  await new Promise((resolve) => setTimeout(resolve, 1100));
  await writer.put(marker);
}

function init(bench: Bench, settings: Readonly<Record<string, string>>): Promise<Consumption> {
  const { env, directory: cwd, program } = bench;
  return bench.within((path) =>
    consumptionOf({
      command: [...program, 'init'],
      env: { ...env, ...settings, WHERRY_TARGET: join(path, 'target') },
      cwd,
    }),
  );
}

function figuresOf(name: string, runs: readonly Consumption[]): readonly Figure[] {
  return [
    { name, unit: 'ms', values: runs.map(({ elapsed }) => elapsed) },
    { name: `${name}: CPU`, unit: 'ms', values: runs.map(({ cpu }) => cpu) },
  ];
}

function times(runs: readonly Consumption[], of: readonly Consumption[]): readonly number[] {
  return ratios(
    runs.map(({ elapsed }) => elapsed),
    of.map(({ elapsed }) => elapsed),
  );
}
