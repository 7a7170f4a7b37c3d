import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench, Scenario } from '../bench.ts';
import { calm } from '../idle.ts';
import { type Memory, memoryOf, peakOf } from '../measure.ts';
import { directory } from '../places/directory.ts';
import { gitOver } from '../places/git.ts';
import type { Holding, Place } from '../places/place.ts';
import { s3Archive, s3Prefix } from '../places/s3.ts';
import type { Program } from '../programs/program.ts';
import { Wherry } from '../programs/wherry.ts';
import type { Figure } from '../report.ts';
import { TreePeak } from '../tree.ts';

const few = 50;
const many = [10_000, 50_000] as const;

type Open = (bench: Bench, holding: Holding) => Promise<Place>;
const places: readonly Open[] = [gitOver('http'), s3Archive, s3Prefix, directory];

/** What the number of published files makes of the idle sidecar, and of its peak. */
export const setMemory: Scenario = {
  name: 'set-memory',
  title: 'Memory of a large set',
  isSlow: true,
  run: async (bench) => {
    const programs = [new Wherry(bench, { WHERRY_FSYNC: 'false' }), ...bench.peers];
    const figures: Figure[] = [];
    for (const open of places) {
      for (const program of programs) figures.push(...(await measure(bench, open, program)));
    }
    return figures;
  },
};

interface Taken {
  readonly idle: Memory;
  /** Of the process itself. */
  readonly peak: number;
  /** With its children. */
  readonly most: number;
}

async function measure(bench: Bench, open: Open, program: Program): Promise<readonly Figure[]> {
  const small = await take(bench, open, program, few);
  if (small === undefined) return [];
  const figures = [...small.figures];
  for (const files of many) {
    const large = await take(bench, open, program, files);
    if (large === undefined) return figures;
    const growth = large.taken.map(
      ({ idle }, run) => ((idle.private - (small.taken[run]?.idle.private ?? 0)) * 1024) / (files - few),
    );
    const limit = program instanceof Wherry ? { bar: 1 } : {};
    const name = `${large.title}, private memory for each more`;
    figures.push(...large.figures, { name, unit: 'KiB', values: growth, ...limit });
  }
  return figures;
}

async function take(bench: Bench, open: Open, program: Program, files: number) {
  await using place = await open(bench, { files });
  if (!program.takes(place)) return undefined;
  const taken: Taken[] = [];
  for (let run = 0; run < bench.runs(1); run += 1) taken.push(await memoryOfSet(bench, place, program));
  const title = `${place.name}, ${files.toLocaleString('en')} files: ${program.name}`;
  return { taken, title, figures: figuresOf(title, taken) };
}

async function memoryOfSet({ signal }: Bench, place: Place, program: Program): Promise<Taken> {
  await using keeper = await program.keep(place, {});
  using tree = new TreePeak(keeper.pid);
  await keeper.published();
  await sleep(calm, undefined, { signal });
  return { idle: await memoryOf(keeper.pid), peak: await peakOf(keeper.pid), most: tree.pss };
}

function figuresOf(title: string, taken: readonly Taken[]): readonly Figure[] {
  const figure = (what: string, of: (value: Taken) => number): Figure => ({
    name: `${title}, ${what}`,
    unit: 'MiB',
    values: taken.map(of),
  });
  return [
    figure('RSS', ({ idle }) => idle.rss),
    figure('Pss', ({ idle }) => idle.pss),
    figure('private', ({ idle }) => idle.private),
    figure('peak RSS', ({ peak }) => peak),
    figure('the most with children (Pss)', ({ most }) => most),
  ];
}
