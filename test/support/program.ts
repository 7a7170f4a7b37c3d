import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import type { State } from '../../src/engine/machine/state.ts';
import { readState } from '../../src/engine/state-store.ts';

/** The built program, which the test command makes before the tests run; another build is tested by naming it. */
export const program = resolve(process.env['PROGRAM_UNDER_TEST'] ?? 'dist/wherry.cjs');

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly [field: string]: unknown;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A running `wherry`, and everything it said. */
export class Wherry {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  #stdout = '';
  #stderr = '';

  constructor(child: ChildProcess) {
    this.child = child;
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
    });
    this.ended = once(child, 'close').then(([code, signal]) => ({
      code: code as number | null,
      signal: signal as NodeJS.Signals | null,
      stdout: this.#stdout,
      stderr: this.#stderr,
    }));
  }

  get output(): string {
    return this.#stdout + this.#stderr;
  }

  get log(): readonly LogLine[] {
    return this.#stderr
      .split('\n')
      .flatMap((line) => (line.startsWith('{') && line.endsWith('}') ? [JSON.parse(line)] : []));
  }

  /** Waits for a line of the log whose message has this text. */
  async says(text: string, timeout = 20_000): Promise<LogLine> {
    const find = () => this.log.find(({ message }) => message.includes(text));
    await expect
      .poll(find, { timeout, interval: 10, message: `log line "${text}" in:\n${this.#stderr}` })
      .toBeDefined();
    return find() ?? { level: '', message: '' };
  }

  async kill(signal: NodeJS.Signals): Promise<Ended> {
    this.child.kill(signal);
    return this.ended;
  }
}

/** The environment of a run: none of this machine's WHERRY_* variables, no port that another test has. */
function environment(settings: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const { PATH, HOME } = process.env;
  return { PATH, HOME, WHERRY_ADMIN_ADDRESS: 'off', WHERRY_LOG_FORMAT: 'json', ...settings };
}

/** Starts the built program; it is killed with the test. */
export function start(words: readonly string[], settings: Readonly<Record<string, string>> = {}): Wherry {
  return startThrough([], words, settings);
}

/** The same by a program that becomes what it is given: `setpriv --reuid 1000`. */
export function startThrough(
  prefix: readonly string[],
  words: readonly string[],
  settings: Readonly<Record<string, string>> = {},
): Wherry {
  const [file = '', ...rest] = [...prefix, process.execPath, program, ...words];
  const child = spawn(file, rest, {
    env: environment(settings),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const wherry = new Wherry(child);
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await wherry.ended;
  });
  return wherry;
}

/** Runs the built program to its end. */
export function run(
  words: readonly string[],
  settings: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  return start(words, settings).ended;
}

export async function stateOf(target: string): Promise<State> {
  const state = await readState(join(target, '..wherry'));
  if (state === undefined) throw new Error(`no state in ${target}`);
  return state;
}
