import { mkdir } from 'node:fs/promises';
import type { Bench, Scenario } from '../bench.ts';
import { type Consumption, consumptionOf, type Run } from '../measure.ts';
import { gitInDirectory, gitOver } from '../places/git.ts';
import type { Place } from '../places/place.ts';
import { s3Archive, s3Prefix } from '../places/s3.ts';
import { plainCommand } from '../programs/plain.ts';
import { Wherry } from '../programs/wherry.ts';
import { type Figure, ratios } from '../report.ts';

const few = 50;
const many = 10_000;
/** How often the time of Node's start and the plain command together `wherry init` of a few files may take. */
const bars = { git: 1.3, s3: 1 };

/** One set into an empty target, from the start of the process to its end, beside what it cannot do without. */
export const coldStart: Scenario = {
  name: 'cold-start',
  title: 'Cold start: from nothing to the first set',
  run: async (bench) => {
    const figures: Figure[] = [];
    for (const files of [few, many]) {
      for (const open of [gitOver('http'), gitInDirectory, s3Archive, s3Prefix]) {
        await using place = await open(bench, { files });
        figures.push(...(await compare(bench, place, files)));
      }
    }
    return figures;
  },
};

interface Contestant {
  readonly name: string;
  readonly run: (directory: string) => Run;
  readonly taken: Consumption[];
}

async function compare(bench: Bench, place: Place, files: number): Promise<readonly Figure[]> {
  const all = contestantsFor(bench, place, files);
  const [wherry, node, plain] = all;
  // The first turn fills the page cache, which a large set does by itself.
  const warmUps = files === few ? 1 : 0;
  for (let turn = 0; turn < bench.runs(files === few ? 9 : 3) + warmUps; turn += 1) {
    for (const { run, taken } of all) {
      // It stays there: ext4 makes new files ten times as slowly in the minutes after many were deleted.
      const directory = bench.newPath();
      await mkdir(directory);
      const consumption = await consumptionOf(run(directory));
      if (turn >= warmUps) taken.push(consumption);
    }
  }
  const title = `${place.name}, ${files.toLocaleString('en')} files`;
  const figures = all.map(({ name, taken }) => elapsedFigure(`${title}: ${name}`, taken));
  const cpu = all.map(({ name, taken }) => cpuFigure(`${title}: ${name}, CPU with children`, taken));
  const bar = files === few ? { bar: place.git === undefined ? bars.s3 : bars.git } : {};
  const faster = files === few ? { bar: 1 } : {};
  const times = (of: readonly (Contestant | undefined)[]) => ratios(elapsed(wherry), sums(of.map(elapsed)));
  if (plain !== undefined) {
    const name = `${title}: init ÷ (node + ${plain.name})`;
    figures.push({ name, unit: '×', values: times([node, plain]), ...bar });
  }
  for (const peer of all.filter(({ name }) => bench.peers.some((known) => known.name === name))) {
    figures.push({ name: `${title}: init ÷ ${peer.name}`, unit: '×', values: times([peer]), ...faster });
  }
  return [...figures, ...cpu];
}

/** Wherry, a bare Node and the plain command if there is one, and then whoever else. */
function contestantsFor(bench: Bench, place: Place, files: number): readonly Contestant[] {
  const { env, directory: cwd } = bench;
  const wherry = new Wherry(bench);
  const unflushed = new Wherry(bench, { WHERRY_FSYNC: 'false' });
  const plain = plainCommand(bench, place);
  // The AWS CLI is the plain command already.
  const peers = bench.peers.filter((peer) => peer.takes(place) && place.s3 === undefined);
  const contestant = (name: string, run: Contestant['run']): Contestant => ({ name, run, taken: [] });
  return [
    contestant('wherry init', (path) => wherry.once(place, path)),
    contestant('node -e 0', () => ({ command: [process.execPath, '-e', '0'], env, cwd })),
    ...(plain === undefined ? [] : [contestant(plain.name, plain.run)]),
    ...(files === few
      ? []
      : [contestant('wherry init, WHERRY_FSYNC=false', (path) => unflushed.once(place, path))]),
    ...peers.map((peer) => contestant(peer.name, (path) => peer.once(place, path))),
  ];
}

function elapsed(contestant: Contestant | undefined): readonly number[] {
  return contestant?.taken.map((run) => run.elapsed) ?? [];
}

function sums(columns: readonly (readonly number[])[]): readonly number[] {
  return (columns[0] ?? []).map((_, row) =>
    columns.reduce((sum, column) => sum + (column[row] ?? Number.NaN), 0),
  );
}

function elapsedFigure(name: string, taken: readonly Consumption[]): Figure {
  return { name, unit: 'ms', values: taken.map((run) => run.elapsed) };
}

function cpuFigure(name: string, taken: readonly Consumption[]): Figure {
  return { name, unit: 'ms', values: taken.map((run) => run.cpu) };
}
