import { execFileSync } from 'node:child_process';
import { statfsSync } from 'node:fs';
import { cpus, release, tmpdir } from 'node:os';

/** One line of the report: a measured quantity, a value a run. */
export interface Figure {
  readonly name: string;
  readonly unit: 'ms' | 'MiB' | 'KiB' | '×' | 'a poll' | '';
  readonly values: readonly number[];
  /** The median may be at most this. */
  readonly bar?: number;
}

export interface Result {
  readonly name: string;
  readonly title: string;
  readonly figures: readonly Figure[];
}

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly kernel: string;
  readonly node: string;
  readonly git: string;
  readonly fileSystem: string;
  /** What each peer calls its version. */
  readonly peers: readonly string[];
}

/** With the programs that are named as peers. */
export function describeMachine(peers: ReadonlyMap<string, string>): Machine {
  const processors = cpus();
  return {
    cpu: processors[0]?.model ?? 'unknown',
    cores: processors.length,
    kernel: release(),
    node: process.version,
    git: execFileSync('git', ['--version'], { encoding: 'utf8' }).trim().replace('git version ', ''),
    fileSystem: fileSystems[statfsSync(tmpdir()).type] ?? `type ${statfsSync(tmpdir()).type}`,
    peers: [...peers].map(([name, path]) => `${name} ${versionOf(path)}`),
  };
}

function versionOf(path: string): string {
  return execFileSync(path, ['--version'], { encoding: 'utf8' }).split(/\s/, 1)[0] ?? '';
}

/** Magic numbers of statfs(2). */
const fileSystems: Readonly<Record<number, string>> = {
  61267: 'ext4',
  16914836: 'tmpfs',
  1481003842: 'xfs',
  2435016766: 'btrfs',
  2035054128: 'overlayfs',
};

export function machineLine(machine: Machine): string {
  const { cpu, cores, kernel, node, git, fileSystem, peers } = machine;
  const base = `${cpu}, ${cores} cores, Linux ${kernel}, Node ${node}, git ${git}, ${fileSystem}`;
  return [base, ...peers].join(', ');
}

export function markdownOf({ title, figures }: Result): string {
  const rows = figures.map((figure) => {
    const { name, unit, values, bar } = figure;
    const spread = values.length > 1 ? `${format(Math.min(...values))} – ${format(Math.max(...values))}` : '';
    const limit = bar === undefined ? '' : `≤ ${format(bar)}`;
    return `| ${[name, `${format(median(values))} ${unit}`.trim(), spread, limit, verdictOf(figure)].join(' | ')} |`;
  });
  return [`### ${title}`, '', '| | median | spread | bar | |', '|---|---|---|---|---|', ...rows, ''].join(
    '\n',
  );
}

export function jsonOf(machine: Machine, results: readonly Result[]): string {
  const withMedians = results.map(({ figures, ...rest }) => ({
    ...rest,
    figures: figures.map((figure) => ({
      ...figure,
      median: median(figure.values),
      verdict: verdictOf(figure),
    })),
  }));
  return `${JSON.stringify({ machine, results: withMedians }, null, 2)}\n`;
}

function verdictOf({ values, bar }: Figure): string {
  if (bar === undefined) return '';
  return median(values) <= bar ? 'ok' : 'over';
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** Value by value: how many times the other one. */
export function ratios(values: readonly number[], of: readonly number[]): readonly number[] {
  return values.map((value, index) => value / (of[index] ?? Number.NaN));
}

function format(value: number): string {
  if (value >= 100) return value.toFixed(0);
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
