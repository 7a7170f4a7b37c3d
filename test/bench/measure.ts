import { type ChildProcess, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';

/** MiB. `private` is what the process alone holds: what would be free again if it ended. */
export interface Memory {
  readonly rss: number;
  readonly pss: number;
  readonly private: number;
}

export async function memoryOf(pid: number): Promise<Memory> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8');
  const mebibytes = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]) / 1024;
  return {
    rss: mebibytes('Rss'),
    pss: mebibytes('Pss'),
    private: mebibytes('Private_Clean') + mebibytes('Private_Dirty'),
  };
}

/** What a process and its ended children have used so far. */
export interface Usage {
  /** Milliseconds, user and system. The kernel counts exactly and tells in steps of 10 ms. */
  readonly self: number;
  readonly children: number;
}

export async function usageOf(pid: number): Promise<Usage> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8');
  // The fields after the name, which may hold anything; proc(5) counts them from 3.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const field = (number: number) => Number(fields[number - 3]);
  return {
    self: (field(14) + field(15)) * millisecondsPerTick,
    children: (field(16) + field(17)) * millisecondsPerTick,
  };
}

/** USER_HZ is 100 on every architecture that Node runs on. */
const millisecondsPerTick = 10;

export interface Run {
  /** The command and its arguments. */
  readonly command: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
}

/** CPU milliseconds of a command with all its children, averaged over so many runs. */
export async function cpuOf(run: Run, times: number): Promise<number> {
  const before = await usageOf(process.pid);
  for (let count = 0; count < times; count += 1) await consumptionOf(run);
  return ((await usageOf(process.pid)).children - before.children) / times;
}

export interface Consumption {
  /** Milliseconds. */
  readonly elapsed: number;
  /** Milliseconds, of the command and its children. */
  readonly cpu: number;
  /** MiB: the highest resident size of the command's first process. */
  readonly peak: number;
}

/** Runs a command to its end, and tells what it took; throws with its messages if it fails. */
export async function consumptionOf(
  { command, env, cwd }: Run,
  onStart?: (pid: number) => void,
): Promise<Consumption> {
  const [name = '', ...args] = command;
  const before = await usageOf(process.pid);
  const started = performance.now();
  const child = spawn(name, args, { env, cwd, stdio: ['ignore', 'ignore', 'pipe'] });
  if (child.pid !== undefined) onStart?.(child.pid);
  let messages = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    messages += text;
  });
  let peak = 0;
  const timer = setInterval(() => {
    // It may have ended just now.
    peakOf(child.pid ?? 0).then(
      (value) => {
        peak = Math.max(peak, value);
      },
      () => undefined,
    );
  }, 5);
  const code = await exitOf(child).finally(() => clearInterval(timer));
  const elapsed = performance.now() - started;
  if (code !== 0) throw new Error(`${command.join(' ')} ended with ${code}: ${messages}`);
  return { elapsed, peak, cpu: (await usageOf(process.pid)).children - before.children };
}

/** The highest resident size of a process so far, in MiB. */
export async function peakOf(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(text)?.[1] ?? 0) / 1024;
}

function exitOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.once('error', reject).once('close', resolve);
  });
}

const patience = 300_000;

/** Polls until the condition holds; throws after minutes that even a busy machine does not need. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  limit = patience,
): Promise<void> {
  const deadline = performance.now() + limit;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`${what}: not after ${limit / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
