import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { stripVTControlCharacters } from 'node:util';
import { systemCode } from '../failure/failure.ts';
import { BoundedOutput, lastBytes } from './bounded-output.ts';
import { type ParsedCommand, parseCommand } from './command-form.ts';
import { withDeadline } from './deadline.ts';
import { oneLine } from './one-line.ts';
import { killGroup, spawnGroup } from './process-group.ts';

export { commandEnvironment } from './command-environment.ts';
export { fillPlaceholders } from './placeholders.ts';

/** How much of what a command says is kept. */
const keptOutput = 8 * 1024;
/** How long what the command left behind in another group may hold its output open. */
const lingering = 500;

export interface CommandOptions {
  /** A line for `/bin/sh`; or a JSON array of a program and its arguments. */
  readonly command: string;
  /** The command's whole environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Milliseconds. */
  readonly timeout: number;
  readonly signal: AbortSignal;
}

/** `output` is what the command said on both channels, in order of arrival. */
export type CommandResult =
  | { readonly kind: 'exited'; readonly code: number; readonly output: string }
  | { readonly kind: 'killed'; readonly by: string; readonly output: string }
  | { readonly kind: 'timed-out'; readonly output: string }
  | { readonly kind: 'not-started'; readonly code: string | undefined; readonly reason: string };

/**
 * Runs a user's command, with nothing to read, in a process group that does not outlive it. Rejects only with the
 * signal's reason; everything else that can happen is a result.
 */
export async function runCommand(options: CommandOptions): Promise<CommandResult> {
  const { command, cwd, timeout, signal } = options;
  signal.throwIfAborted();
  const parsed = parseCommand(command);
  if (parsed.kind === 'malformed') return { kind: 'not-started', code: undefined, reason: parsed.problem };
  const output = new BoundedOutput(keptOutput);
  const late = new Error('the time is over');
  try {
    return await withDeadline(
      timeout,
      signal,
      () => late,
      (limits) => runToEnd(parsed, { ...options, signal: limits.signal }, output),
    );
  } catch (error) {
    if (error === late) return { kind: 'timed-out', output: output.toString() };
    if (signal.aborted) throw signal.reason;
    return { kind: 'not-started', code: systemCode(error), reason: whyNotStarted(error, parsed.file, cwd) };
  }
}

async function runToEnd(
  { kind, file, args }: Exclude<ParsedCommand, { readonly kind: 'malformed' }>,
  { env, cwd, signal }: CommandOptions,
  output: BoundedOutput,
): Promise<CommandResult> {
  using group = spawnGroup(file, args, { env, cwd, signal });
  const { child } = group;
  child.stdin.end();
  child.stdout.on('data', (chunk: Buffer) => output.add(chunk));
  child.stderr.on('data', (chunk: Buffer) => output.add(chunk));
  let timer: NodeJS.Timeout | undefined;
  child.once('exit', () => {
    killGroup(child.pid);
    timer = setTimeout(() => group[Symbol.dispose](), lingering);
  });
  try {
    const { code } = await group.ended;
    const by = child.signalCode ?? (kind === 'shell' ? signalOf(code) : undefined);
    if (by !== undefined) return { kind: 'killed', by, output: output.toString() };
    // Both are never missing; were they, nothing would tell of success.
    return { kind: 'exited', code: code ?? 1, output: output.toString() };
  } finally {
    clearTimeout(timer);
  }
}

/** A shell tells that a signal ended its command by an exit code of 128 and the signal's number. */
function signalOf(code: number | null): string | undefined {
  if (code === null) return undefined;
  return Object.entries(constants.signals).find(([, number]) => number < 32 && code === 128 + number)?.[0];
}

function whyNotStarted(error: unknown, file: string, cwd: string): string {
  const shown = JSON.stringify(file);
  if (!existsSync(cwd)) return `its directory ${cwd} does not exist`;
  switch (systemCode(error)) {
    case 'ENOENT':
      return `there is no program ${shown}`;
    case 'EACCES':
      return `${shown} may not be executed`;
    default:
      return `${shown} could not be started: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** What a user must know whose command could not be run at all; undefined when it was. */
export function whyNotRunnable(
  result: CommandResult,
): { readonly problem: string; readonly cure: string } | undefined {
  const cure =
    'the program must be in Wherry’s image, or executable in a volume mounted into this container and named by its path';
  if (result.kind === 'not-started') return { problem: result.reason, cure };
  if (result.kind !== 'exited') return undefined;
  const said = outputTail(result.output);
  switch (result.code) {
    case 126:
      return { problem: `exit code 126, something may not be executed${said && `: ${said}`}`, cure };
    case 127:
      return { problem: `exit code 127, a command was not found${said && `: ${said}`}`, cure };
    default:
      return undefined;
  }
}

/** The end of an output in one harmless line. */
export function outputTail(output: string, limit = 1024): string {
  return lastBytes(oneLine(stripVTControlCharacters(output)), limit);
}
