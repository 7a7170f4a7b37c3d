import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';

const full = '/dev/full';

/** Whether this system has a file that is always full. */
export const hasFullFile = existsSync(full);

/** How a program, a module's text, ends whose standard error takes nothing, and what it says on standard output. */
export function runWithLostStderr(program: string): {
  readonly status: number | null;
  readonly said: string;
} {
  const stderr = openSync(full, 'w');
  try {
    const args = ['--input-type=module', '--no-warnings', '-e', program];
    const { status, stdout } = spawnSync(process.execPath, args, { stdio: ['ignore', 'pipe', stderr] });
    return { status, said: stdout.toString() };
  } finally {
    closeSync(stderr);
  }
}
