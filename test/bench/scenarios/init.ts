import type { Bench, Scenario } from '../bench.ts';
import { timeOf } from '../measure.ts';
import { type Figure, ratios } from '../report.ts';

/** `wherry init` of 50 files, beside what it cannot do without: a start of Node and a clone. */
export const init: Scenario = {
  name: 'init',
  title: '`wherry init` of 50 files',
  run: async (bench) => {
    const fixture = await bench.fixture({ files: 50, changes: 0 });
    await using server = await bench.serve(fixture);
    return [
      ...(await compare(bench, 'http', server.url)),
      ...(await compare(bench, 'file', `file://${fixture.path}`)),
    ];
  },
};

async function compare(bench: Bench, transport: string, url: string): Promise<readonly Figure[]> {
  const { env, directory: cwd, program } = bench;
  const initRuns: number[] = [];
  const nodeRuns: number[] = [];
  const cloneRuns: number[] = [];
  const turns = bench.runs(9) + 1;
  for (let turn = 0; turn < turns; turn += 1) {
    const settings = { WHERRY_SOURCE: 'git', WHERRY_GIT_REPO: url, WHERRY_TARGET: bench.newPath() };
    const bare = await timeOf({ command: [process.execPath, '-e', '0'], env, cwd });
    const clone = await timeOf({
      command: ['git', 'clone', '-q', '--depth', '1', url, bench.newPath()],
      env,
      cwd,
    });
    const whole = await timeOf({ command: [...program, 'init'], env: { ...env, ...settings }, cwd });
    // The first turn fills the page cache.
    if (turn === 0) continue;
    nodeRuns.push(bare);
    cloneRuns.push(clone);
    initRuns.push(whole);
  }
  const both = nodeRuns.map((value, index) => value + (cloneRuns[index] ?? Number.NaN));
  return [
    { name: `${transport}: wherry init`, unit: 'ms', values: initRuns },
    { name: `${transport}: node -e 0`, unit: 'ms', values: nodeRuns },
    { name: `${transport}: git clone --depth 1`, unit: 'ms', values: cloneRuns },
    { name: `${transport}: init ÷ (node + clone)`, unit: '×', values: ratios(initRuns, both), bar: 1.6 },
  ];
}
