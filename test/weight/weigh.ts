import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { expect } from 'vitest';
import { ask, freePort } from '../support/http-client.ts';
import { program } from '../support/program.ts';
import { endTraced, startTraced } from '../support/strace.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import type { WeighedSource } from './sources.ts';

/** What a process had loaded when it ended. */
export interface Loaded {
  readonly chunks: number;
  readonly KiB: number;
  /** Modules of Node that a bare one does not load. */
  readonly builtins: number;
}

export interface FirstSet extends Loaded {
  readonly processes: number;
  readonly requests: number;
}

export interface Idle extends Loaded {
  readonly processesInAHundredPolls: number;
  readonly requestsAPoll: number;
}

const recorder = resolve('test/weight/recorder.cjs');
const execOnly = ['--seccomp-bpf', '-e', 'trace=execve'];

/** What one `wherry init` loads, starts and asks. */
export async function weighFirstSet({ settings, requests }: WeighedSource): Promise<FirstSet> {
  const place = await placeOf(settings);
  const wherry = startTraced([...execOnly, '-o', place.trace], ['init'], place.settings);
  const { code, stderr } = await wherry.ended;
  expect(code, stderr).toBe(0);
  const processes = (await started(place.trace)) - 1;
  return { ...(await loadedOf(place.records)), processes, requests: requests() ?? 0 };
}

/** What a sidecar has loaded that finds nothing new, and what such a look starts and asks. */
export async function weighIdle({ settings, requests }: WeighedSource): Promise<Idle> {
  const place = await placeOf(settings);
  const port = await freePort();
  const wherry = startTraced([...execOnly, '-o', place.trace], ['run'], {
    ...place.settings,
    WHERRY_POLL_INTERVAL: '10ms',
    WHERRY_ADMIN_ADDRESS: `127.0.0.1:${port}`,
  });
  const polls = async () => {
    const { body } = await ask(`http://127.0.0.1:${port}/metrics`);
    return Number(/^wherry_polls_total\{[^}]*result="unchanged"[^}]*\} (\d+)/m.exec(body)?.[1] ?? 0);
  };
  // What follows the first set is over then.
  await expect.poll(polls).toBeGreaterThan(20);
  const before = { polls: await polls(), processes: await started(place.trace), requests: requests() ?? 0 };
  await expect.poll(polls).toBeGreaterThanOrEqual(before.polls + 100);
  const asked = (requests() ?? 0) - before.requests;
  const made = (await polls()) - before.polls;
  const processes = (await started(place.trace)) - before.processes;
  await endTraced(wherry);
  return {
    ...(await loadedOf(place.records)),
    processesInAHundredPolls: processes,
    requestsAPoll: Math.round(asked / made),
  };
}

/** KiB of everything that is built. */
export async function weighBuild(): Promise<number> {
  const directory = dirname(program);
  const names = await readdir(directory, { recursive: true });
  const sizes = await Promise.all(
    names.map(async (name) => {
      const found = await stat(join(directory, name));
      return found.isFile() ? found.size : 0;
    }),
  );
  return Math.ceil(sizes.reduce((sum, size) => sum + size, 0) / 1024);
}

async function placeOf(settings: Readonly<Record<string, string>>) {
  const directory = await temporaryDirectory();
  const records = join(directory, 'records');
  const target = join(directory, 'target');
  await mkdir(records);
  await mkdir(target);
  return {
    records,
    trace: join(directory, 'trace'),
    settings: {
      ...settings,
      WHERRY_TARGET: target,
      RECORDS: records,
      NODE_OPTIONS: `--require=${recorder}`,
      NODE_DISABLE_COMPILE_CACHE: '1',
    },
  };
}

/** So many programs were started, the traced one among them. */
async function started(trace: string): Promise<number> {
  return (await readFile(trace, 'utf8')).split('\n').filter((line) => /execve.* = 0$/.test(line)).length;
}

async function loadedOf(records: string): Promise<Loaded> {
  for (const name of await readdir(records)) {
    const { chunks, builtins } = JSON.parse(await readFile(join(records, name), 'utf8')) as {
      readonly chunks: readonly string[];
      readonly builtins: readonly string[];
    };
    // What runs beside it writes a record too.
    if (!chunks.some((path) => basename(path) === basename(program))) continue;
    const sizes = await Promise.all(chunks.map(async (path) => (await stat(path)).size));
    const KiB = Math.ceil(sizes.reduce((sum, size) => sum + size, 0) / 1024);
    return { chunks: chunks.length, KiB, builtins: builtins.length };
  }
  throw new Error(`no record of the program in ${records}`);
}
