import { systemCode } from '../../failure/failure.ts';
import { Alarm } from '../../platform/alarm.ts';
import { withDeadline } from '../../platform/deadline.ts';
import { oneLine } from '../../platform/one-line.ts';
import { formatDuration } from '../../platform/units.ts';
import type { Answer } from '../target.ts';
import {
  classifyReload,
  compareStates,
  type MasterState,
  misunderstood,
  parseShowProc,
  refusedBecause,
} from './answers.ts';
import { askCli } from './cli.ts';

export interface HaproxyReloadOptions {
  readonly url: URL;
  /** Milliseconds. */
  readonly timeout: number;
}

/** Milliseconds between two looks. */
const first = 50;
const longest = 250;

/**
 * Tells the master to reload, over its CLI. From HAProxy 2.7 on it answers when the set is in force or refused; before,
 * it closes the connection, and what it lists of itself then tells. `overtaken` ends the looking at that. Rejects only
 * with the signal's reason.
 */
export async function reloadOverCli(
  options: HaproxyReloadOptions,
  signal: AbortSignal,
  overtaken: AbortSignal,
): Promise<Answer> {
  signal.throwIfAborted();
  const { url, timeout } = options;
  const where = `${url.protocol}//${url.host}${url.pathname}`;
  const late = new Error('the time is over');
  const cli: Cli = { url, where, overtaken, doing: 'did not answer "show proc"' };
  try {
    return await withDeadline(
      timeout,
      signal,
      () => late,
      (limits) => reload(cli, limits.signal),
    );
  } catch (error) {
    signal.throwIfAborted();
    if (error !== late) return classifyTrouble(where, error);
    const detail = `${where}: HAProxy ${cli.doing} within ${formatDuration(timeout)} (WHERRY_RELOAD_TIMEOUT)`;
    return { class: 'not-up', detail };
  }
}

interface Cli {
  readonly url: URL;
  readonly where: string;
  readonly overtaken: AbortSignal;
  /** What it is to be blamed for when the time is over. */
  doing: string;
}

async function reload(cli: Cli, signal: AbortSignal): Promise<Answer> {
  const { url, where } = cli;
  const listing = await askCli(url, 'show proc', signal);
  const before = parseShowProc(listing);
  if (before === undefined) return misunderstood(where, 'show proc', listing);
  cli.doing = 'gave no whole answer to "reload"';
  const answer = await askCli(url, 'reload', signal).catch((error: unknown) => {
    // The process that was to answer has just been replaced.
    if (['ECONNRESET', 'EPIPE'].includes(systemCode(error) ?? '')) return '';
    throw error;
  });
  if (answer.trim() !== '') return classifyReload(where, answer);
  cli.doing =
    'closed the connection without an answer, as it does before 2.7, and shows neither a new worker nor a failed reload';
  return watchMaster(cli, before, signal);
}

async function watchMaster(
  { url, where, overtaken }: Cli,
  before: MasterState,
  signal: AbortSignal,
): Promise<Answer> {
  const either = AbortSignal.any([signal, overtaken]);
  for (let delay = first; ; delay = Math.min(delay * 1.6, longest)) {
    // While it starts again nobody listens.
    const listing = await askCli(url, 'show proc', signal).catch(() => '');
    signal.throwIfAborted();
    const after = parseShowProc(listing);
    switch (after && compareStates(before, after)) {
      case 'new-worker':
        return { class: 'accepted' };
      case 'failed':
        return { class: 'rejected', detail: `${where}: ${refusedBecause('')}` };
      case undefined:
        break;
    }
    if (overtaken.aborted) return { class: 'busy', detail: 'overtaken by a newer set' };
    await new Alarm().wait(delay, either);
    signal.throwIfAborted();
  }
}

function classifyTrouble(where: string, error: unknown): Answer {
  const words = oneLine(error instanceof Error ? error.message : String(error));
  switch (systemCode(error)) {
    case 'EACCES':
    case 'EPERM':
      return {
        class: 'misconfigured',
        detail: `${where}: ${words}; run both containers as the same user, or give the socket a mode in the -S of HAProxy (mode 660)`,
      };
    default:
      return {
        class: 'not-up',
        detail: `${where}: ${words}; HAProxy must run with -W and -S, on a socket that this container sees`,
      };
  }
}
