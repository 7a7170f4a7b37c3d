import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Bench, Scenario } from '../bench.ts';
import { type Memory, memoryOf } from '../measure.ts';
import type { Figure } from '../report.ts';

const required = (name: string) => `require('${name}')`;
const imported = (name: string) => `await import('${name}')`;

/** What is loaded, and how. */
const programs: readonly (readonly [string, string])[] = [
  ['nothing', ''],
  ['node:http, by require', required('node:http')],
  ['node:http, by a named import of ESM', `import { request } from 'node:http'; request`],
  ['node:https', required('node:https')],
  [
    'node:child_process, node:crypto, node:fs/promises',
    'child_process crypto fs/promises'.split(' ').map(required).join(';'),
  ],
  ['pino', required('pino')],
  ['p-retry', imported('p-retry')],
  ['simple-git', required('simple-git')],
  ['chokidar', imported('chokidar')],
  ['picomatch', required('picomatch')],
  ['ajv', required('ajv')],
  ['yaml', required('yaml')],
  ['@aws-sdk/client-s3', required('@aws-sdk/client-s3')],
];

/** What it costs to load a library, as it comes from npm, into a Node that does nothing else. */
export const libraries: Scenario = {
  name: 'libraries',
  title: 'What a library costs that is loaded and not used',
  isSlow: true,
  run: async (bench) => {
    const taken = programs.map(() => [] as Taken[]);
    for (let run = 0; run < bench.runs(5); run += 1) {
      for (const [index, [, program]] of programs.entries())
        taken[index]?.push(await measure(bench, program));
    }
    return programs.flatMap(([name], index) => figuresOf(name, taken[index] ?? [], taken[0] ?? []));
  },
};

interface Taken extends Memory {
  /** Milliseconds from the start to the first line. */
  readonly start: number;
}

/** As a module where it imports; half a second later its collector is at rest. */
async function measure({ env }: Bench, program: string): Promise<Taken> {
  const type = /\bimport\b/.test(program) ? 'module' : 'commonjs';
  const script = `${program};console.log(1);setInterval(()=>0,1e9)`;
  const started = performance.now();
  const child = spawn(process.execPath, [`--input-type=${type}`, '-e', script], {
    env,
    cwd: join(import.meta.dirname, '../../..'),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  try {
    await once(child.stdout, 'data');
    const start = performance.now() - started;
    await new Promise((resolve) => setTimeout(resolve, 500));
    return { ...(await memoryOf(child.pid ?? Number.NaN)), start };
  } finally {
    child.kill();
    await ended;
  }
}

function figuresOf(name: string, taken: readonly Taken[], bare: readonly Taken[]): readonly Figure[] {
  const over = (of: (one: Taken) => number) =>
    taken.map((one, run) => of(one) - (taken === bare ? 0 : of(bare[run] ?? one)));
  const more = taken === bare ? '' : ' more';
  return [
    { name: `${name}: RSS${more}`, unit: 'MiB', values: over(({ rss }) => rss) },
    { name: `${name}: private${more}`, unit: 'MiB', values: over((one) => one.private) },
    { name: `${name}: start${more}`, unit: 'ms', values: over(({ start }) => start) },
  ];
}
