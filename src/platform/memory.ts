import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Give up peak speed, which an idle process does not need, for a quarter of the memory: no optimizing compilers, code
 * that is slow to read but small, and a young generation that stays small, and is cleared between polls when a quarter of it
 * is full. `npm run bench` shows what it brings.
 */
const always: readonly string[] = [
  '--no-opt',
  '--no-maglev',
  '--no-sparkplug',
  '--optimize-for-size',
  '--max-semi-space-size=1',
  '--semi-space-growth-factor=1',
  '--minor-gc-task-trigger=25',
  // Of so little the threads that help cost more than they do.
  '--no-parallel-scavenge',
];

/** Pages that are free go back to the system, and those that are nearly so are freed. */
const sinceNode26: readonly string[] = [
  '--no-memory-pool',
  '--compaction-target-fragmentation-percent-for-reduce-memory=5',
];

// An older V8 complains of flags that it does not know.
const flags = Number.parseInt(process.versions.node, 10) < 26 ? always : [...always, ...sinceNode26];

/** For a process that lives long and does little. */
export function favourMemory(execArgv: readonly string[], { NODE_OPTIONS = '' }: NodeJS.ProcessEnv): void {
  for (const flag of flagsBeside([...execArgv, ...NODE_OPTIONS.split(/\s+/)])) setFlagsFromString(flag);
}

/** Whoever gives Node.js one of the flags, or its opposite, knows better. */
export function flagsBeside(given: readonly string[]): readonly string[] {
  const names = new Set(given.map(nameOf));
  return flags.filter((flag) => !names.has(nameOf(flag)));
}

/** `--no-opt`, `--opt` and `--opt=…` are one flag; underscores are taken too. */
function nameOf(flag: string): string {
  return flag.replaceAll('_', '-').replace(/^--(no-)?|=.*$/g, '');
}

/**
 * Gives back what loading the program and making a set needed, compiled code too: the little that runs again is compiled
 * again when it does.
 */
export function returnMemory(): void {
  for (const flag of ['--expose-gc', '--stress-flush-code']) setFlagsFromString(flag);
  const collect: unknown = runInNewContext('gc');
  if (typeof collect === 'function') collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
  for (const flag of ['--no-expose-gc', '--no-stress-flush-code']) setFlagsFromString(flag);
}
