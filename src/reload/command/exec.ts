import { systemCode } from '../../failure/failure.ts';
import {
  type CommandResult,
  commandEnvironment,
  fillPlaceholders,
  outputTail,
  runCommand,
  whyNotRunnable,
} from '../../platform/command.ts';
import { formatDuration } from '../../platform/units.ts';
import type { Layout } from '../../publish/published-place.ts';
import type { Answer, ReloadContext } from '../target.ts';
import { type ChangedFiles, publishedPaths, writeChangedFiles } from './changed-files.ts';

export interface ExecOptions extends Layout {
  /** May hold `{target}`, `{revision}` and `{changed}`. */
  readonly command: string;
  /** Milliseconds. */
  readonly timeout: number;
  readonly env: NodeJS.ProcessEnv;
}

/** `EX_TEMPFAIL` of sysexits.h: the command itself asks to be run again. */
const temporaryFailure = 75;

/** What keeps a program from being started now, and not for ever. */
const passing: ReadonlySet<string> = new Set(['EAGAIN', 'EMFILE', 'ENFILE', 'ENOMEM', 'ETXTBSY']);

/**
 * Runs the command in the target's directory. Rejects only with the signal's reason.
 *
 * | the command | is |
 * |---|---|
 * | exits with 0 | accepted |
 * | exits with 75 (`EX_TEMPFAIL`) | busy: run again soon |
 * | exits with 126 or 127, or cannot be started | misconfigured: run again slowly |
 * | exits with anything else | rejected: the set is rolled back |
 * | takes longer than `WHERRY_RELOAD_TIMEOUT`, or is ended by a signal | not up: run again soon |
 */
export async function reloadByCommand(
  options: ExecOptions,
  context: ReloadContext,
  signal: AbortSignal,
): Promise<Answer> {
  signal.throwIfAborted();
  const { targetDir, stateDir, timeout, env } = options;
  const paths = context.changed ?? (await readPaths(options));
  if (paths === undefined) {
    return { class: 'not-up', detail: `WHERRY_RELOAD_EXEC: no published set can be read in ${targetDir}` };
  }
  let changed: ChangedFiles;
  try {
    changed = await writeChangedFiles(stateDir, paths);
  } catch (error) {
    const words = systemCode(error) ?? String(error);
    const detail = `WHERRY_RELOAD_EXEC: the list of changed files cannot be written to ${stateDir} (${words}); let this user write there, or set WHERRY_STATE_DIR`;
    return { class: 'misconfigured', detail };
  }
  await using list = changed;
  const { revision, previous, sequence } = context;
  const own = {
    WHERRY_REVISION: revision,
    WHERRY_PREVIOUS_REVISION: previous ?? '',
    WHERRY_SEQUENCE: String(sequence),
    WHERRY_TARGET: targetDir,
    WHERRY_CHANGED_FILES: list.path,
  };
  const command = fillPlaceholders(options.command, { target: targetDir, revision, changed: list.path });
  const run = { command, env: commandEnvironment(env, own), cwd: targetDir, timeout, signal };
  return classifyResult(await runCommand(run), timeout);
}

async function readPaths(layout: Layout): Promise<readonly string[] | undefined> {
  try {
    return await publishedPaths(layout);
  } catch {
    return undefined;
  }
}

/** Puts the end of a run into its class. */
export function classifyResult(result: CommandResult, timeout: number): Answer {
  const obstacle = whyNotRunnable(result);
  if (obstacle !== undefined) {
    const isPassing = result.kind === 'not-started' && passing.has(result.code ?? '');
    const detail = `WHERRY_RELOAD_EXEC: the command could not be run: ${obstacle.problem}; ${obstacle.cure}`;
    return { class: isPassing ? 'not-up' : 'misconfigured', detail };
  }
  switch (result.kind) {
    case 'not-started':
      return { class: 'misconfigured', detail: `WHERRY_RELOAD_EXEC: ${result.reason}` };
    case 'timed-out': {
      const limit = `${formatDuration(timeout)} (WHERRY_RELOAD_TIMEOUT)`;
      return {
        class: 'not-up',
        detail: describe(`did not end within ${limit} and was killed`, result.output),
      };
    }
    case 'killed':
      return { class: 'not-up', detail: describe(`was ended by ${result.by}`, result.output) };
    case 'exited':
      break;
  }
  const said = describe(`ended with exit code ${result.code}`, result.output);
  switch (result.code) {
    case 0:
      return { class: 'accepted' };
    case temporaryFailure:
      return { class: 'busy', detail: said };
    default:
      return { class: 'rejected', detail: said };
  }
}

function describe(what: string, output: string): string {
  const tail = outputTail(output);
  return `WHERRY_RELOAD_EXEC: the command ${what}${tail === '' ? '' : `: ${tail}`}`;
}
