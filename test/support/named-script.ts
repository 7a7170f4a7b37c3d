import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, vi } from 'vitest';

export function uniqueName(): string {
  return `app-${randomBytes(4).toString('hex')}`;
}

/** A shell script that runs under a name of its own until its test ends, and what it said so far. */
export async function startScript(script: string, { name = uniqueName(), session = false } = {}) {
  const child = spawn('bash', ['-c', `${script}\necho ready\nwhile :; do sleep 0.05; done`], {
    argv0: name,
    detached: session,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  onTestFinished(() => stopChild(child));
  const said: string[] = [];
  createInterface(child.stdout).on('line', (line) => said.push(line));
  await vi.waitFor(() => expect(said).toContain('ready'), 10_000);
  return { name, child, pid: child.pid ?? 0, said };
}

export async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}
