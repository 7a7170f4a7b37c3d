import { setTimeout as sleep } from 'node:timers/promises';
import type { Scenario } from '../bench.ts';
import { timeOf } from '../measure.ts';
import { phaseTimes } from '../metrics.ts';
import { type Figure, ratios } from '../report.ts';

const files = 10_000;
const phases = ['fetch', 'stage', 'publish'] as const;

/** A large set, as the running sidecar takes it from a local repository: first all of it, and then one changed file. */
export const largeSet: Scenario = {
  name: 'large-set',
  title: `A set of ${files.toLocaleString('en')} files`,
  run: async (bench) => {
    const { env, directory: cwd, signal } = bench;
    const runs = bench.runs(3);
    const fixture = await bench.fixture({ files, changes: runs });
    const url = `file://${fixture.path}`;
    const first: Sync[] = [];
    const changed: Sync[] = [];
    const seen: number[] = [];
    const clones: number[] = [];
    for (let run = 1; run <= runs; run += 1) {
      clones.push(
        await timeOf({ command: ['git', 'clone', '-q', '--depth', '1', url, bench.newPath()], env, cwd }),
      );
      await using sidecar = await bench.sidecar({ WHERRY_GIT_REPO: url, WHERRY_POLL_INTERVAL: '50ms' });
      await sidecar.settled(await fixture.tip(), signal);
      const afterFirst = await phaseTimes(sidecar, signal);
      first.push(afterFirst);
      // A repository that is watched is so after the first publish.
      await sleep(1000);
      const revision = await fixture.revisionOf(run);
      const moved = performance.now();
      await fixture.moveTo(revision);
      await sidecar.settled(revision, signal);
      seen.push(performance.now() - moved);
      changed.push(difference(await phaseTimes(sidecar, signal), afterFirst));
    }
    return [
      { name: 'first publish', unit: 'ms', values: first.map(total) },
      ...byPhase('first publish', first),
      { name: 'one changed file', unit: 'ms', values: changed.map(total) },
      ...byPhase('one changed file', changed),
      {
        name: 'changed ÷ first',
        unit: '×',
        values: ratios(changed.map(total), first.map(total)),
        bar: 0.25,
      },
      { name: 'one changed file: from push to published, from outside', unit: 'ms', values: seen },
      { name: 'git clone --depth 1', unit: 'ms', values: clones },
      { name: 'first ÷ clone', unit: '×', values: ratios(first.map(total), clones) },
    ];
  },
};

/** Milliseconds by phase, as the sidecar counts them. */
type Sync = ReadonlyMap<string, number>;

function difference(after: Sync, before: Sync): Sync {
  return new Map([...after].map(([phase, time]) => [phase, time - (before.get(phase) ?? 0)]));
}

function total(sync: Sync): number {
  return phases.reduce((sum, phase) => sum + (sync.get(phase) ?? 0), 0);
}

function byPhase(name: string, syncs: readonly Sync[]): readonly Figure[] {
  return phases.map((phase) => ({
    name: `${name}: ${phase}`,
    unit: 'ms',
    values: syncs.map((sync) => sync.get(phase) ?? 0),
  }));
}
