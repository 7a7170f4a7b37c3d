import type { Bench, Scenario } from '../bench.ts';
import { type Idle, measureBareNode, measureIdle } from '../idle.ts';
import { cpuOf, type Memory } from '../measure.ts';
import { directory } from '../places/directory.ts';
import { gitInDirectory, gitOver } from '../places/git.ts';
import type { Place } from '../places/place.ts';
import { s3Archive, s3Object, s3ObjectOfShared, s3Prefix } from '../places/s3.ts';
import type { Program } from '../programs/program.ts';
import { Wherry } from '../programs/wherry.ts';
import type { Figure } from '../report.ts';

const polls = 1000;
/** One of theirs takes as long as twenty of Wherry's or more. */
const peerPolls = 30;
const lsRemotes = 20;

const places = [
  gitOver('http'),
  gitOver('https'),
  gitInDirectory,
  s3Object,
  s3ObjectOfShared,
  s3Archive,
  s3Prefix,
  directory,
];

const cpuBar = 1.5;
const requestBar = 1.01;
const memoryBars = { git: { rss: 52, private: 12 }, s3: { rss: 55, private: 15 } };

/** What it costs to have nothing to do: 50 files that never change. */
export const idle: Scenario = {
  name: 'idle',
  title: `Idle: ${polls.toLocaleString('en')} polls that find nothing (${peerPolls} of a peer)`,
  run: async (bench) => {
    const figures: Figure[] = [];
    for (const open of places) {
      await using place = await open(bench, { files: 50 });
      figures.push(...withBars(place, await measure(bench, place, new Wherry(bench), polls)));
      figures.push(...(await measureLsRemote(bench, place)));
      for (const peer of bench.peers) {
        if (peer.takes(place)) figures.push(...(await measure(bench, place, peer, peerPolls)));
      }
    }
    return [...figures, ...(await bareNode(bench))];
  },
};

async function measure(
  bench: Bench,
  place: Place,
  program: Program,
  count: number,
): Promise<readonly Figure[]> {
  const taken: Idle[] = [];
  for (let run = 0; run < bench.runs(3); run += 1) {
    taken.push(await measureIdle(bench, place, program, count));
  }
  const name = (what: string) => `${place.name}: ${program.name}, ${what}`;
  const counted = (what: string, of: (value: Idle) => number | undefined): readonly Figure[] => {
    const values = taken.map(of).filter((value) => value !== undefined);
    return values.length === 0 ? [] : [{ name: name(what), unit: 'a poll', values }];
  };
  return [
    ...memoryFigures(
      name('before'),
      taken.map(({ before }) => before),
    ),
    ...memoryFigures(
      name('after'),
      taken.map(({ after }) => after),
    ),
    {
      name: name('the most while polling, with children (Pss)'),
      unit: 'MiB',
      values: taken.map(({ most }) => most),
    },
    { name: name('CPU a poll, with children'), unit: 'ms', values: taken.map(({ cpu }) => cpu) },
    ...counted('requests', ({ requests }) => requests),
    ...counted('processes', ({ processes }) => processes),
  ];
}

function memoryFigures(name: string, memory: readonly Memory[]): readonly Figure[] {
  return [
    { name: `${name}: RSS`, unit: 'MiB', values: memory.map(({ rss }) => rss) },
    { name: `${name}: Pss`, unit: 'MiB', values: memory.map(({ pss }) => pss) },
    { name: `${name}: private`, unit: 'MiB', values: memory.map((value) => value.private) },
  ];
}

/** What Wherry promises. */
function withBars({ git, s3 }: Place, figures: readonly Figure[]): readonly Figure[] {
  const memory = git !== undefined ? memoryBars.git : s3 !== undefined ? memoryBars.s3 : undefined;
  return figures.map((figure) => {
    const bar = barOf(figure.name, memory);
    return bar === undefined ? figure : { ...figure, bar };
  });
}

function barOf(name: string, memory: { readonly rss: number; readonly private: number } | undefined) {
  if (name.endsWith('RSS')) return memory?.rss;
  if (name.endsWith('private')) return memory?.private;
  if (name.endsWith('CPU a poll, with children')) return cpuBar;
  if (name.endsWith('requests')) return requestBar;
  return name.endsWith('processes') ? 0 : undefined;
}

async function measureLsRemote({ env, directory: cwd }: Bench, place: Place): Promise<readonly Figure[]> {
  const { git, requests } = place;
  if (git === undefined) return [];
  const trust = git.certificate === undefined ? {} : { GIT_SSL_CAINFO: git.certificate };
  const command = ['git', 'ls-remote', git.url, 'HEAD'];
  const before = await requests?.();
  const cpu = await cpuOf({ command, env: { ...env, ...trust }, cwd }, lsRemotes);
  const after = await requests?.();
  const name = `${place.name}: git ls-remote`;
  return [
    { name: `${name}, CPU with children`, unit: 'ms', values: [cpu] },
    ...(after === undefined
      ? []
      : [
          {
            name: `${name}, requests`,
            unit: 'a poll' as const,
            values: [(after - (before ?? 0)) / lsRemotes],
          },
        ]),
  ];
}

async function bareNode(bench: Bench): Promise<readonly Figure[]> {
  const bare: Memory[] = [];
  for (let run = 0; run < bench.runs(3); run += 1) bare.push(await measureBareNode(bench));
  return memoryFigures('a Node that does nothing', bare);
}
