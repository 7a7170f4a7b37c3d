import { mkdir } from 'node:fs/promises';
import type { Bench, Scenario } from '../bench.ts';
import { contestantsFor } from '../contestants.ts';
import { type Consumption, consumptionOf, type Run } from '../measure.ts';
import { directory } from '../places/directory.ts';
import { gitOver } from '../places/git.ts';
import type { Holding, Place } from '../places/place.ts';
import { s3Archive, s3Object, s3Prefix } from '../places/s3.ts';
import type { Figure } from '../report.ts';
import { TreePeak } from '../tree.ts';

const mebibyte = 1024 * 1024;
const files = 8;
const size = 64 * mebibyte;

type Open = (bench: Bench, holding: Holding) => Promise<Place>;

/** With the most that the process itself may hold, in MiB. */
const places: readonly (readonly [Open, number?])[] = [
  [gitOver('http')],
  [s3Object, 110],
  [s3Archive],
  [s3Prefix],
  [directory],
];

/** Memory and CPU of a set of half a gibibyte. */
export const largeData: Scenario = {
  name: 'large-data',
  title: `The first set of ${(files * size) / mebibyte} MiB in ${files} files (S3 object: in one)`,
  run: async (bench) => {
    const figures: Figure[] = [];
    for (const [open, bar] of places) {
      await using place = await open(bench, { files, size });
      figures.push(...(await compare(bench, place, bar)));
    }
    return figures;
  },
};

interface Taken extends Consumption {
  /** MiB: the most that it and its children held together. */
  readonly pss: number;
  readonly anonymous: number;
}

async function compare(bench: Bench, place: Place, bar: number | undefined): Promise<readonly Figure[]> {
  // Without flushing: how fast the disk is says nothing about memory.
  const all = contestantsFor(bench, place, [{ WHERRY_FSYNC: 'false' }]).filter(({ role }) => role !== 'node');
  const contestants = all.map((contestant) => ({ ...contestant, taken: [] as Taken[] }));
  for (let turn = 0; turn < bench.runs(3); turn += 1) {
    for (const { run, taken } of contestants) taken.push(await take(bench, run));
  }
  return contestants.flatMap(({ role, name, taken }) =>
    figuresOf(`${place.name}: ${name}`, taken, role === 'wherry' ? bar : undefined),
  );
}

function take(bench: Bench, run: (directory: string) => Run): Promise<Taken> {
  return bench.within(async (path) => {
    const target = `${path}/target`;
    await mkdir(target);
    let peak: TreePeak | undefined;
    try {
      const consumption = await consumptionOf(run(target), (pid) => {
        peak = new TreePeak(pid);
      });
      return { ...consumption, pss: peak?.pss ?? Number.NaN, anonymous: peak?.anonymous ?? Number.NaN };
    } finally {
      peak?.[Symbol.dispose]();
    }
  });
}

function figuresOf(name: string, taken: readonly Taken[], bar: number | undefined): readonly Figure[] {
  return [
    {
      name: `${name}, peak RSS of the first process`,
      unit: 'MiB',
      values: taken.map(({ peak }) => peak),
      ...(bar === undefined ? {} : { bar }),
    },
    { name: `${name}, the most with children (Pss)`, unit: 'MiB', values: taken.map(({ pss }) => pss) },
    {
      name: `${name}, the most with children, without files`,
      unit: 'MiB',
      values: taken.map(({ anonymous }) => anonymous),
    },
    { name: `${name}, CPU with children`, unit: 'ms', values: taken.map(({ cpu }) => cpu) },
    { name: `${name}, time`, unit: 'ms', values: taken.map(({ elapsed }) => elapsed) },
  ];
}
