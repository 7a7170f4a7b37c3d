import { mkdir } from 'node:fs/promises';
import type { Bench, Scenario } from '../bench.ts';
import { type Contestant, contestantsFor } from '../contestants.ts';
import { type Consumption, consumptionOf, type Run } from '../measure.ts';
import { gitInDirectory, gitOver } from '../places/git.ts';
import type { Place } from '../places/place.ts';
import { s3Archive, s3Prefix } from '../places/s3.ts';
import { hasStrace, processesOf } from '../processes.ts';
import { type Figure, ratios } from '../report.ts';

const few = 50;
const many = 10_000;
const unflushed = { WHERRY_FSYNC: 'false' };
/** How often the time of Node's start and the plain command together `wherry init` may take, and that of a peer. */
const bars = { git: 1.3, s3: 1, peer: 1 };

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

interface Taken extends Consumption {
  /** Undefined where nothing is asked over a network. */
  readonly requests: number | undefined;
}

interface Measured extends Contestant {
  readonly taken: Taken[];
}

async function compare(bench: Bench, place: Place, files: number): Promise<readonly Figure[]> {
  const all = contestantsFor(bench, place, files === few ? [{}] : [{}, unflushed]);
  const contestants: readonly Measured[] = all.map((contestant) => ({ ...contestant, taken: [] }));
  // The first turn fills the page cache, which a large set does by itself.
  const warmUps = files === few ? 1 : 0;
  for (let turn = 0; turn < bench.runs(files === few ? 9 : 3) + warmUps; turn += 1) {
    for (const { run, taken } of contestants) {
      const consumption = await take(place, run(await newDirectory(bench)));
      if (turn >= warmUps) taken.push(consumption);
    }
  }
  const title = `${place.name}, ${files.toLocaleString('en')} files`;
  return [
    ...contestants.map(({ name, taken }) =>
      figure(`${title}: ${name}`, 'ms', taken, ({ elapsed }) => elapsed),
    ),
    ...ratiosOf(place, files, contestants).map((ratio) => ({
      ...ratio,
      name: `${title}: ${ratio.name}`,
    })),
    ...contestants.map(({ name, taken }) =>
      figure(`${title}: ${name}, CPU with children`, 'ms', taken, ({ cpu }) => cpu),
    ),
    ...contestants
      .filter(({ taken }) => taken.some(({ requests = 0 }) => requests > 0))
      .map(({ name, taken }) =>
        figure(`${title}: ${name}, requests`, '', taken, ({ requests = 0 }) => requests),
      ),
    ...(files === few ? await countedProcesses(bench, title, contestants) : []),
  ];
}

/** It stays there: ext4 makes new files ten times as slowly in the minutes after many were deleted. */
async function newDirectory(bench: Bench): Promise<string> {
  const directory = bench.newPath();
  await mkdir(directory);
  return directory;
}

async function take({ requests }: Place, run: Run): Promise<Taken> {
  const before = await requests?.();
  const consumption = await consumptionOf(run);
  const after = await requests?.();
  return { ...consumption, requests: after === undefined ? undefined : after - (before ?? 0) };
}

async function countedProcesses(bench: Bench, title: string, contestants: readonly Contestant[]) {
  const figures: Figure[] = [];
  for (const { name, run } of hasStrace ? contestants : []) {
    const count = await processesOf(run(await newDirectory(bench)), bench.newPath());
    figures.push({ name: `${title}: ${name}, processes`, unit: '', values: [count] });
  }
  return figures;
}

/** Of a few files they are held to a bar. */
function ratiosOf(place: Place, files: number, contestants: readonly Measured[]): readonly Figure[] {
  const [wherry] = contestants;
  const node = contestants.filter(({ role }) => role === 'node');
  const ratio = (name: string, of: readonly Measured[], bar: number): Figure => ({
    name: `init ÷ ${name}`,
    unit: '×',
    values: ratios(elapsed(wherry), sums(of.map(elapsed))),
    ...(files === few ? { bar } : {}),
  });
  return contestants.flatMap((contestant) => {
    const { role, name } = contestant;
    if (role === 'plain') {
      return [ratio(`(node + ${name})`, [...node, contestant], place.git === undefined ? bars.s3 : bars.git)];
    }
    return role === 'peer' ? [ratio(name, [contestant], bars.peer)] : [];
  });
}

function elapsed(contestant: Measured | undefined): readonly number[] {
  return contestant?.taken.map((run) => run.elapsed) ?? [];
}

function sums(columns: readonly (readonly number[])[]): readonly number[] {
  return (columns[0] ?? []).map((_, row) =>
    columns.reduce((sum, column) => sum + (column[row] ?? Number.NaN), 0),
  );
}

function figure(
  name: string,
  unit: Figure['unit'],
  taken: readonly Taken[],
  of: (value: Taken) => number,
): Figure {
  return { name, unit, values: taken.map(of) };
}
