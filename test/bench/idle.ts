import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Bench } from './bench.ts';
import { type Memory, memoryOf, until, usageOf } from './measure.ts';
import { awaitIdlePolls, idlePolls, published } from './metrics.ts';

export const pollsARun = 250;

/** What one poll that finds nothing costs, on average. */
export interface IdlePolls {
  readonly requests: number;
  /** Milliseconds. */
  readonly cpu: number;
  readonly childCpu: number;
  /** Of all polls together. */
  readonly childFaults: number;
}

type Settings = Readonly<Record<string, string>>;

/** Lets a sidecar publish, and then look at a source that does not change. */
export async function measureIdlePolls(
  bench: Bench,
  settings: Settings,
  server: { requests(): Promise<number> },
): Promise<IdlePolls> {
  const { signal } = bench;
  await using sidecar = await bench.sidecar({ WHERRY_POLL_INTERVAL: '40ms', ...settings });
  await published(sidecar, signal);
  await awaitIdlePolls(sidecar, 20, signal);
  const look = async () => ({
    ...(await usageOf(sidecar.pid)),
    polls: await idlePolls(sidecar, signal),
    requests: await server.requests(),
  });
  const before = await look();
  // The server knows as well, and asking it costs the sidecar nothing. A poll is one request, as it should be.
  const wanted = before.requests + pollsARun;
  await until(`${pollsARun} polls`, async () => (await server.requests()) >= wanted);
  const after = await look();
  const made = after.polls - before.polls;
  return {
    requests: (after.requests - before.requests) / made,
    cpu: (after.self - before.self) / made,
    childCpu: (after.children - before.children) / made,
    childFaults: after.childFaults - before.childFaults,
  };
}

export interface IdleMemory {
  readonly atStart: Memory;
  readonly idle: Memory;
}

/** What a sidecar weighs after its first publish, and after a thousand polls that found nothing. */
export async function measureIdleMemory(bench: Bench, settings: Settings): Promise<IdleMemory> {
  const { signal } = bench;
  await using sidecar = await bench.sidecar({ WHERRY_POLL_INTERVAL: '15ms', ...settings });
  await published(sidecar, signal);
  const atStart = await memoryOf(sidecar.pid);
  for (let polls = 0; polls < 1000; polls += 200) await awaitIdlePolls(sidecar, 200, signal);
  return { atStart, idle: await memoryOf(sidecar.pid) };
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
