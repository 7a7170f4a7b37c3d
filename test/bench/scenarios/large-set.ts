import { setTimeout as sleep } from 'node:timers/promises';
import type { Sidecar } from '../../../src/commands/demo/sidecar.ts';
import type { Bench, Scenario } from '../bench.ts';
import type { Fixture } from '../fixtures.ts';
import { type Consumption, consumptionOf, until, usageOf } from '../measure.ts';
import { phaseTimes, published } from '../metrics.ts';
import { type Figure, ratios } from '../report.ts';

const files = 10_000;

const modes = ['symlink', 'link', 'rename'] as const;
type Mode = (typeof modes)[number];

/** Shares of the first publish that a change of one file may take. */
const bars: Readonly<Record<Mode, number>> = { symlink: 0.1, link: 0.1, rename: 0.01 };
const cloneBar = 1.3;

interface Variant {
  readonly mode: Mode;
  readonly fsync: boolean;
}

const variants: readonly Variant[] = [
  ...modes.map((mode) => ({ mode, fsync: false })),
  { mode: 'symlink', fsync: true },
];

/** A large set, as the running sidecar takes it from a local repository: first all of it, and then one changed file. */
export const largeSet: Scenario = {
  name: 'large-set',
  title: `A set of ${files.toLocaleString('en')} files`,
  run: async (bench) => {
    const runs = bench.runs(3);
    const fixture = await bench.fixture({ files, changes: 1 });
    const first = await fixture.tip();
    const clones: Consumption[] = [];
    const taken = variants.map((variant) => ({ variant, values: [] as Values[] }));
    for (let run = 0; run < runs; run += 1) {
      clones.push(await cloneOf(bench, fixture));
      for (const { variant, values } of taken) {
        await fixture.moveTo(first);
        values.push(await take(bench, fixture, variant));
      }
    }
    return [
      { name: 'git clone --depth 1', unit: 'ms', values: clones.map(({ elapsed }) => elapsed) },
      { name: 'git clone --depth 1, CPU', unit: 'ms', values: clones.map(({ cpu }) => cpu) },
      ...taken.flatMap(({ variant, values }) => figuresOf(variant, values, clones)),
    ];
  },
};

/** Of one publish. Milliseconds. */
interface Publish {
  /** From the news of the change to the line in the log: links and timestamps are done, and targets are told next. */
  readonly published: number;
  readonly fetch: number;
  /** From the listed snapshot to the swap, without what is done after it. */
  readonly own: number;
  /** Of the sidecar and of git; the first publish's with the start of the program. */
  readonly cpu: number;
}

interface Values {
  readonly first: Publish;
  readonly change: Publish;
}

/** It stays there: ext4 makes new files ten times as slowly in the minutes after many were deleted. */
async function cloneOf(bench: Bench, { path }: Fixture): Promise<Consumption> {
  const { env, directory: cwd } = bench;
  const command = ['git', 'clone', '-q', '--depth', '1', `file://${path}`, bench.newPath()];
  return consumptionOf({ command, env, cwd });
}

async function take(bench: Bench, fixture: Fixture, { mode, fsync }: Variant): Promise<Values> {
  await using sidecar = await bench.sidecar({
    WHERRY_GIT_REPO: `file://${fixture.path}`,
    WHERRY_POLL_INTERVAL: '1s',
    WHERRY_PUBLISH: mode,
    WHERRY_FSYNC: String(fsync),
  });
  await published(sidecar, bench.signal);
  await until('the line of the first publish', () => lineOf(sidecar, 1) !== undefined);
  const first = await observe(sidecar, 1, bench.signal);
  // A repository that is watched is so after the first publish.
  await sleep(1500);
  const before = await observe(sidecar, 1, bench.signal);
  const [changed = ''] = await fixture.revisions();
  await fixture.moveTo(changed);
  await until('the change', () => lineOf(sidecar, 2) !== undefined);
  const after = await observe(sidecar, 2, bench.signal);
  return {
    first,
    change: {
      published: after.published,
      fetch: after.fetch - before.fetch,
      own: after.own - before.own,
      cpu: after.cpu - before.cpu,
    },
  };
}

/** What it has taken so far, and how long the publish of this sequence did. */
async function observe(sidecar: Sidecar, sequence: number, signal: AbortSignal): Promise<Publish> {
  const usage = await usageOf(sidecar.pid);
  const phases = await phaseTimes(sidecar, signal);
  const phase = (name: string) => phases.get(name) ?? 0;
  return {
    published: Number(lineOf(sidecar, sequence)?.['milliseconds']),
    fetch: phase('fetch'),
    own: phase('stage') + phase('publish'),
    cpu: usage.self + usage.children,
  };
}

function lineOf({ lastLines }: Sidecar, sequence: number): Readonly<Record<string, unknown>> | undefined {
  return lastLines
    .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>)
    .find(({ message, sequence: of }) => message === 'published' && of === sequence);
}

function figuresOf(
  { mode, fsync }: Variant,
  values: readonly Values[],
  clones: readonly Consumption[],
): readonly Figure[] {
  const name = `${mode}${fsync ? ', WHERRY_FSYNC=true' : ''}`;
  const all = (what: string, unit: Figure['unit'], of: (value: Values) => number): Figure => ({
    name: `${name}: ${what}`,
    unit,
    values: values.map(of),
  });
  const first = all('first publish', 'ms', (value) => value.first.published);
  const firstCpu = all('first publish, CPU with git', 'ms', (value) => value.first.cpu);
  const change = all('one changed file', 'ms', (value) => value.change.published);
  const bar = bars[mode];
  const elapsed = clones.map((clone) => clone.elapsed);
  const cpu = clones.map((clone) => clone.cpu);
  return [
    first,
    {
      name: `${name}: first publish ÷ clone`,
      unit: '×',
      values: ratios(first.values, elapsed),
      bar: cloneBar,
    },
    firstCpu,
    { name: `${name}: first publish ÷ clone, CPU`, unit: '×', values: ratios(firstCpu.values, cpu) },
    all('first publish, stage and swap', 'ms', (value) => value.first.own),
    change,
    all('one changed file, fetch', 'ms', (value) => value.change.fetch),
    all('one changed file, stage and swap', 'ms', (value) => value.change.own),
    all('one changed file, CPU with git', 'ms', (value) => value.change.cpu),
    { name: `${name}: changed ÷ first publish`, unit: '×', values: ratios(change.values, first.values), bar },
    {
      ...all('changed ÷ first publish, stage and swap', '×', (value) => value.change.own / value.first.own),
      bar,
    },
  ];
}
