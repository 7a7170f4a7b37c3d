import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { onTestFinished } from 'vitest';
import { program, Wherry } from './program.ts';

const strace = '/usr/bin/strace';

export const hasStrace = existsSync(strace);

/** The calls by which files, links and directories change and get to the disk, each with its other forms. */
export const changingCalls = {
  rename: 'rename,renameat,renameat2',
  symlink: 'symlink,symlinkat',
  link: 'link,linkat',
  unlink: 'unlink,unlinkat',
  mkdir: 'mkdir,mkdirat',
  rmdir: 'rmdir',
  utimens: 'utimensat',
  fsync: 'fsync,fdatasync',
  chmod: 'chmod,fchmod,fchmodat',
} as const;

export type ChangingCall = keyof typeof changingCalls;

/**
 * Starts the built program so that it is killed as it enters the call of this kind and number. With one thread for file
 * work the numbers are the same in every run.
 */
export function startUntilCall(
  kind: ChangingCall,
  number: number,
  words: readonly string[],
  settings: Readonly<Record<string, string>>,
): Wherry {
  const calls = changingCalls[kind];
  const options = [
    '-o',
    '/dev/null',
    '-e',
    `trace=${calls}`,
    '-e',
    `inject=${calls}:signal=KILL:when=${number}`,
  ];
  return startTraced(options, words, settings);
}

/** Starts the built program under strace, with one thread for file work. */
export function startTraced(
  options: readonly string[],
  words: readonly string[],
  settings: Readonly<Record<string, string>>,
): Wherry {
  const { PATH, HOME } = process.env;
  const child = spawn(strace, ['-f', '-qq', ...options, process.execPath, program, ...words], {
    env: {
      ...{ PATH, HOME, UV_THREADPOOL_SIZE: '1' },
      ...{ WHERRY_ADMIN_ADDRESS: 'off', WHERRY_LOG_FORMAT: 'json', ...settings },
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const wherry = new Wherry(child);
  onTestFinished(() => endTraced(wherry));
  return wherry;
}

/** strace itself blocks the signals that would end it: it ends with the program. */
export async function endTraced({ child, ended }: Wherry): Promise<void> {
  const isOver = child.exitCode !== null || child.signalCode !== null;
  if (!isOver && child.pid !== undefined) process.kill(-child.pid, 'SIGTERM');
  await ended;
}
