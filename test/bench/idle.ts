import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench } from './bench.ts';
import { type Memory, memoryOf, usageOf } from './measure.ts';
import type { Place } from './places/place.ts';
import { nextPoll, passPolls } from './polls.ts';
import { hasStrace, traceProcesses } from './processes.ts';
import type { Keeper, Program } from './programs/program.ts';
import { TreePeak } from './tree.ts';

/** By then a sidecar has given back what its first set needed. Milliseconds. */
export const calm = 13_000;

const slow = 1000;
const quick = 10;
const traced = 3;

/** What a program holds that has nothing to do, and what each look costs that finds nothing. */
export interface Idle {
  /** Polling once a second, after a while of calm. */
  readonly before: Memory;
  /** After all the polls. */
  readonly after: Memory;
  /** MiB: the most that it and its children held together while they polled. */
  readonly most: number;
  /** Milliseconds a poll, with children. */
  readonly cpu: number;
  /** Requests a poll; undefined where nothing is asked over a network. */
  readonly requests: number | undefined;
  /** Started in a poll; undefined where strace cannot tell. */
  readonly processes: number | undefined;
}

export async function measureIdle(
  bench: Bench,
  place: Place,
  program: Program,
  polls: number,
): Promise<Idle> {
  const slowly = await measureSlowly(bench, place, program);
  await using keeper = await program.keep(place, { interval: quick });
  await keeper.published();
  const most = await mostDuring(keeper, Math.max(5, polls / 50));
  const look = async () => ({
    usage: await usageOf(keeper.pid),
    polls: await keeper.polls(),
    requests: await place.requests?.(),
  });
  await nextPoll(keeper);
  const start = await look();
  await passPolls(keeper, polls);
  await nextPoll(keeper);
  const end = await look();
  const made = end.polls - start.polls;
  const used = end.usage.self + end.usage.children - start.usage.self - start.usage.children;
  return {
    ...slowly,
    after: await memoryOf(keeper.pid),
    most,
    cpu: used / made,
    requests: end.requests === undefined ? undefined : (end.requests - (start.requests ?? 0)) / made,
  };
}

/** What is not timed: polls are far enough apart to look between them. */
async function measureSlowly(
  bench: Bench,
  place: Place,
  program: Program,
): Promise<Pick<Idle, 'before' | 'processes'>> {
  await using keeper = await program.keep(place, { interval: slow });
  await keeper.published();
  await sleep(calm, undefined, { signal: bench.signal });
  await nextPoll(keeper);
  const before = await memoryOf(keeper.pid);
  return { before, processes: hasStrace ? await processesAPoll(keeper, bench.newPath()) : undefined };
}

async function mostDuring(keeper: Keeper, polls: number): Promise<number> {
  using peak = new TreePeak(keeper.pid);
  await passPolls(keeper, polls);
  return peak.pss;
}

function processesAPoll(keeper: Keeper, record: string): Promise<number | undefined> {
  return traceProcesses(keeper.pid, record, async (started) => {
    const look = async () => ({ polls: await nextPoll(keeper), processes: await started() });
    const start = await look();
    await passPolls(keeper, traced);
    const end = await look();
    return (end.processes - start.processes) / (end.polls - start.polls);
  });
}

/** What a Node weighs that does nothing. */
export async function measureBareNode({ env, directory: cwd }: Bench): Promise<Memory> {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => 0, 1e9); console.log()'], {
    env,
    cwd,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  const memory = await memoryOf(child.pid ?? Number.NaN);
  const ended = once(child, 'exit');
  child.kill();
  await ended;
  return memory;
}
