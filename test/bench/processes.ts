import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { consumptionOf, type Run, until } from './measure.ts';

const strace = '/usr/bin/strace';

export const hasStrace = existsSync(strace);

const options = ['-f', '-e', 'trace=clone,clone3,fork,vfork', '-e', 'signal=none'];

/** How many processes a command starts, itself not counted, in a run of its own. */
export async function processesOf({ command, ...run }: Run, record: string): Promise<number> {
  await consumptionOf({ ...run, command: [strace, ...options, '-o', record, '--', ...command] });
  return countIn(record);
}

/**
 * Lets something look at how many processes a program has started since now: it and all that it starts are traced, and
 * each call that makes a process and not a thread counts. That slows it down, so that nothing is timed meanwhile. Gives
 * back undefined where nobody may attach to it.
 */
export async function traceProcesses<T>(
  pid: number,
  record: string,
  look: (started: () => Promise<number>) => Promise<T>,
): Promise<T | undefined> {
  const args = [...options, '-o', record, '-p', String(pid)];
  const tracer = spawn(strace, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let messages = '';
  tracer.stderr.setEncoding('utf8').on('data', (text: string) => {
    messages += text;
  });
  const ended = once(tracer, 'exit');
  try {
    await until('strace', () => messages.includes('attached') || tracer.exitCode !== null);
    if (tracer.exitCode !== null) return undefined;
    return await look(() => countIn(record));
  } finally {
    tracer.kill('SIGINT');
    await ended;
  }
}

async function countIn(record: string): Promise<number> {
  const lines = (await readFile(record, 'utf8')).split('\n');
  return lines.filter((line) => /\b(clone3?|v?fork)\(/.test(line) && !/CLONE_THREAD|= (-1|\?) /.test(line))
    .length;
}
