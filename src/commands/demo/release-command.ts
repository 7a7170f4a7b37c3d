import { spawn } from 'node:child_process';
import { isAbort, UnexpectedError } from '../../failure/failure.ts';
import { oneLine } from '../../platform/one-line.ts';
import { ownEnv } from './child-env.ts';
import { stepDeadline } from './sidecar.ts';

export interface ReleaseCommandOptions {
  /** The start of the command line that runs wherry. */
  readonly program: readonly string[];
  readonly settings: Readonly<Record<string, string>>;
}

/** `wherry release` as a child process, as a person or a pipeline runs it. */
export class ReleaseCommand {
  readonly #options: ReleaseCommandOptions;

  constructor(options: ReleaseCommandOptions) {
    this.#options = options;
  }

  /** Gives back what it says of what it did. Rejects, when it is gone, with a failure that quotes it. */
  async run(args: readonly string[], signal: AbortSignal): Promise<string> {
    const { program, settings } = this.#options;
    const [command = process.execPath, ...start] = program;
    const timeout = AbortSignal.timeout(stepDeadline);
    const child = spawn(command, [...start, 'release', ...args], {
      env: { ...ownEnv(process.env), ...settings },
      stdio: ['ignore', 'ignore', 'pipe'],
      signal: AbortSignal.any([signal, timeout]),
      killSignal: 'SIGKILL',
    });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    let problem: string | undefined;
    child.once('error', (error) => {
      if (!isAbort(error, timeout)) problem = error.message;
    });
    const code = await new Promise((resolve) => child.once('close', resolve));
    signal.throwIfAborted();
    if (timeout.aborted) problem = `it did not end in ${stepDeadline / 1000} s`;
    else if (code !== 0) problem ??= `it ended with ${code}: ${oneLine(said.trim())}`;
    if (problem !== undefined) throw new UnexpectedError({ problem: `wherry release: ${problem}` });
    return said.trim();
  }

  /** The same in a shell. */
  inShell(args: readonly string[]): readonly string[] {
    const { program, settings } = this.#options;
    const assignments = Object.entries(settings).map(([name, value]) => `${name}=${quote(value)}`);
    return [
      ...assignments.map((assignment) => `${assignment} \\`),
      [...program, 'release', ...args].map(quote).join(' '),
    ];
  }
}

function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
