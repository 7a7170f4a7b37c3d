import { readFileSync, realpathSync } from 'node:fs';
import { setPriority } from 'node:os';
import { join } from 'node:path';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { systemCode } from '../../../src/failure/failure.ts';
import { numberOf, setPaths } from './set-files.ts';

/*
 * A reader at full speed, as another container would be one. It resolves the link once for each set and reads all of the
 * set below; without a link it reads every file by its name. It takes `pause` milliseconds in the midst of every
 * two-hundredth set.
 */

export interface Counts {
  sets: number;
  files: number;
  /** Different sets that it saw. */
  seen: number;
  /** Sets of several numbers, or of another than their manifest says. */
  mixed: number;
  /** Files that were not there. */
  missing: number;
  /** Files that were not whole. */
  torn: number;
  /** Files older than the same one a moment before. */
  back: number;
  /** Milliseconds of the slowest set. */
  slowest: number;
  /** Sets that took longer than what was replaced stays: none of the others counts for `missing`. */
  late: number;
}

export interface ReaderOptions {
  readonly target: string;
  /** What is resolved once for a set; undefined where files are plain ones. */
  readonly link: string | undefined;
  readonly pause: number;
  /** Milliseconds. */
  readonly retain: number;
}

const { target, link, pause, retain } = JSON.parse(process.argv[2] ?? '{}') as ReaderOptions;
const counts: Counts = {
  ...{ sets: 0, files: 0, seen: 0, mixed: 0, missing: 0, torn: 0 },
  ...{ back: 0, slowest: 0, late: 0 },
};
const newest = new Map<string, number>();
let isOver = false;
let last: number | undefined;

async function readSet(): Promise<void> {
  const started = performance.now();
  const root = link === undefined ? target : realpathSync(join(target, link));
  const numbers = new Set<number>();
  let missing = 0;
  const take = (number: number | 'missing') => {
    if (number === 'missing') missing += 1;
    else numbers.add(number);
  };
  for (const path of setPaths) {
    const number = readOne(path, root);
    if (number !== 'torn') take(number);
    if (path === 'b' && counts.sets % 200 === 0) await setTimeout(pause);
  }
  if (link !== undefined) take(sequenceIn(root));
  count(numbers, missing, performance.now() - started);
}

function count(numbers: ReadonlySet<number>, missing: number, took: number): void {
  counts.slowest = Math.max(counts.slowest, took);
  counts.sets += 1;
  if (took > retain) counts.late += 1;
  else counts.missing += missing;
  if (numbers.size > 1) counts.mixed += 1;
  const [number] = numbers;
  if (number !== last) counts.seen += 1;
  last = number;
}

function readOne(path: string, root: string): number | 'missing' | 'torn' {
  counts.files += 1;
  const text = textOf(join(root, path));
  if (text === undefined) return 'missing';
  const number = numberOf(text);
  if (number === undefined) {
    counts.torn += 1;
    return 'torn';
  }
  if (number < (newest.get(path) ?? 0)) counts.back += 1;
  newest.set(path, number);
  return number;
}

function sequenceIn(root: string): number | 'missing' {
  const text = textOf(join(root, '.wherry.json'));
  return text === undefined ? 'missing' : (JSON.parse(text) as { sequence: number }).sequence;
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

process.on('message', () => {
  isOver = true;
});
// At full speed, but not at the publisher's cost.
setPriority(10);
process.send?.('ready');
while (!isOver) {
  await readSet();
  await setImmediate();
}
process.send?.(counts);
process.disconnect?.();
