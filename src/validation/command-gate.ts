import { RefusedError, SettingsError, UnreachableError } from '../failure/failure.ts';
import {
  type CommandResult,
  commandEnvironment,
  fillPlaceholders,
  outputTail,
  runCommand,
  whyNotRunnable,
} from '../platform/command.ts';
import { formatDuration } from '../platform/units.ts';
import type { Candidate } from './gate.ts';
import { changeBetween, stateOfDirectory } from './staged-state.ts';

const setting = 'WHERRY_VALIDATE_EXEC';

export interface CommandRule {
  readonly command: string;
  /** Milliseconds. */
  readonly timeout: number;
  /** The process's own environment. */
  readonly ambient: NodeJS.ProcessEnv;
}

/** A user's command finds nothing wrong with the set, and leaves it as it is. */
export async function checkByCommand(
  { command, timeout, ambient }: CommandRule,
  { directory: staged, target, revision }: Candidate,
  signal: AbortSignal,
): Promise<void> {
  const before = await stateOfDirectory(staged);
  const own = { WHERRY_STAGED: staged, WHERRY_TARGET: target, WHERRY_REVISION: revision };
  const result = await runCommand({
    command: fillPlaceholders(command, { staged, target, revision }),
    env: commandEnvironment(ambient, own),
    cwd: staged,
    timeout,
    signal,
  });
  const failure = failureOf(result, timeout);
  if (failure !== undefined) throw failure;
  const change = changeBetween(before, await stateOfDirectory(staged));
  if (change !== undefined) {
    throw new RefusedError({
      setting,
      problem: `the command ${change}, and a set is published as the source has it`,
      cure: 'let it write elsewhere',
    });
  }
}

function failureOf(result: CommandResult, timeout: number): Error | undefined {
  const notRunnable = whyNotRunnable(result);
  if (notRunnable !== undefined) {
    const isPassing = result.kind === 'not-started' && passing.has(result.code ?? '');
    const kind = isPassing ? UnreachableError : SettingsError;
    return new kind({
      setting,
      problem: `the command could not be run: ${notRunnable.problem}`,
      cure: notRunnable.cure,
    });
  }
  switch (result.kind) {
    case 'exited':
      if (result.code === 0) return undefined;
      return new RefusedError({
        setting,
        problem: `the command ended with exit code ${result.code}${said(result.output)}`,
        cure: 'correct the set in the source',
      });
    case 'killed':
      return new UnreachableError({
        setting,
        problem: `the command was killed by ${result.by}${said(result.output)}`,
        cure:
          result.by === 'SIGKILL'
            ? 'if it needs more memory, raise the container’s limit'
            : 'it is run again; run it by hand on the same files to see why',
      });
    case 'timed-out':
      return new UnreachableError({
        setting,
        problem: `the command did not end in ${formatDuration(timeout)}${said(result.output)}`,
        cure: 'raise WHERRY_VALIDATE_TIMEOUT if it needs longer',
      });
    case 'not-started':
      return undefined;
  }
}

/** What keeps a program from being started now, and not for ever. */
const passing: ReadonlySet<string> = new Set(['EAGAIN', 'EMFILE', 'ENFILE', 'ENOMEM', 'ETXTBSY']);

function said(output: string): string {
  const tail = outputTail(output);
  return tail === '' ? ', and said nothing' : `: ${tail}`;
}
