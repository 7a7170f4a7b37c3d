import type { Bench, Scenario } from '../bench.ts';
import { timeOf } from '../measure.ts';
import { type Figure, ratios } from '../report.ts';

const files = 10_000;

/** A large set: its first publish, and one changed file, each by a whole `wherry init`, so that both pay for a start. */
export const largeSet: Scenario = {
  name: 'large-set',
  title: `A set of ${files.toLocaleString('en')} files`,
  run: async (bench) => {
    const runs = bench.runs(3);
    const fixture = await bench.fixture({ files, changes: runs });
    const url = `file://${fixture.path}`;
    const { env, directory: cwd } = bench;
    const first: number[] = [];
    const changed: number[] = [];
    const unchanged: number[] = [];
    const clones: number[] = [];
    for (let run = 1; run <= runs; run += 1) {
      const target = bench.newPath();
      clones.push(
        await timeOf({ command: ['git', 'clone', '-q', '--depth', '1', url, bench.newPath()], env, cwd }),
      );
      first.push(await initOf(bench, url, target));
      await fixture.moveTo(await fixture.revisionOf(run));
      changed.push(await initOf(bench, url, target));
      unchanged.push(await initOf(bench, url, target));
    }
    return [
      { name: 'first publish', unit: 'ms', values: first },
      { name: 'git clone --depth 1', unit: 'ms', values: clones },
      { name: 'first ÷ clone', unit: '×', values: ratios(first, clones) },
      { name: 'one changed file', unit: 'ms', values: changed },
      { name: 'changed ÷ first', unit: '×', values: ratios(changed, first), bar: 0.25 },
      { name: 'nothing changed', unit: 'ms', values: unchanged },
    ] satisfies Figure[];
  },
};

function initOf({ env, directory: cwd, program }: Bench, url: string, target: string): Promise<number> {
  const settings = { WHERRY_SOURCE: 'git', WHERRY_GIT_REPO: url, WHERRY_TARGET: target };
  return timeOf({ command: [...program, 'init'], env: { ...env, ...settings }, cwd });
}
