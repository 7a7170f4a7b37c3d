import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench, Scenario } from '../bench.ts';
import { type Memory, memoryOf, peakOf } from '../measure.ts';
import { published } from '../metrics.ts';
import type { Figure } from '../report.ts';

const few = 50;
const many = [10_000, 50_000] as const;
/** By then the sidecar has given back what its first publish needed. Milliseconds. */
const calm = 13_000;

/** What the number of published files makes of the idle sidecar, and of its peak. */
export const setMemory: Scenario = {
  name: 'set-memory',
  title: 'Memory of a large set',
  run: async (bench) => {
    const runs = bench.runs(3);
    const small = await measure(bench, few, runs);
    const figures = figuresOf(few, small);
    for (const files of many) {
      const large = await measure(bench, files, runs);
      const growth = large.map(
        ({ idle }, run) => ((idle.private - (small[run]?.idle.private ?? 0)) * 1024) / (files - few),
      );
      figures.push(...figuresOf(files, large), {
        name: `${files} files: private memory for each more`,
        unit: 'KiB',
        values: growth,
        bar: 1,
      });
    }
    return figures;
  },
};

interface Taken {
  readonly idle: Memory;
  readonly peak: number;
}

async function measure(bench: Bench, files: number, runs: number): Promise<readonly Taken[]> {
  const fixture = await bench.fixture({ files, changes: 0 });
  const taken: Taken[] = [];
  for (let run = 0; run < runs; run += 1) {
    await using sidecar = await bench.sidecar({
      WHERRY_GIT_REPO: `file://${fixture.path}`,
      WHERRY_FSYNC: 'false',
    });
    await published(sidecar, bench.signal);
    await sleep(calm, undefined, { signal: bench.signal });
    taken.push({ idle: await memoryOf(sidecar.pid), peak: await peakOf(sidecar.pid) });
  }
  return taken;
}

function figuresOf(files: number, taken: readonly Taken[]): Figure[] {
  const figure = (name: string, of: (value: Taken) => number): Figure => ({
    name: `${files} files: ${name}`,
    unit: 'MiB',
    values: taken.map(of),
  });
  return [
    figure('RSS', ({ idle }) => idle.rss),
    figure('Pss', ({ idle }) => idle.pss),
    figure('private', ({ idle }) => idle.private),
    figure('peak RSS', ({ peak }) => peak),
  ];
}
