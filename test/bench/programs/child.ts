import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Run } from '../measure.ts';

/** A peer that stays, in a process group of its own. */
export class Child implements AsyncDisposable {
  /** Lines on its standard output so far. */
  lines = 0;
  readonly #child: ChildProcess;
  readonly #name: string;
  #messages = '';

  constructor({ command, env, cwd }: Run) {
    const [name = '', ...args] = command;
    this.#name = name;
    const child = spawn(name, args, { env, cwd, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    createInterface({ input: child.stdout }).on('line', () => {
      this.lines += 1;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#messages = (this.#messages + text).slice(-4000);
    });
    child.once('error', (error) => {
      this.#messages = error.message;
    });
    this.#child = child;
  }

  get pid(): number {
    return this.#child.pid ?? Number.NaN;
  }

  get #isOver(): boolean {
    return this.#child.pid === undefined || this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Throws with its last messages if it has ended. */
  assertAlive(): void {
    if (this.#isOver) throw new Error(`${this.#name} ended: ${this.#messages}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isOver) return;
    const ended = once(this.#child, 'exit');
    // With what it has started.
    process.kill(-this.pid, 'SIGKILL');
    await ended;
  }
}
