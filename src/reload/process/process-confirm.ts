import { Alarm } from '../../platform/alarm.ts';
import { formatDuration } from '../../platform/units.ts';
import type { ProcessConfirmation } from '../../presets/preset.ts';
import type { Answer } from '../target.ts';
import type { ProcessInfo } from './process-choice.ts';
import { readProcesses } from './process-table.ts';

/** A process that got a signal, and the children that it had then. */
export interface Signalled {
  readonly signal: NodeJS.Signals;
  readonly process: ProcessInfo;
  readonly children: readonly ProcessInfo[];
}

export interface ProcessConfirmOptions {
  readonly confirmation: ProcessConfirmation;
  /** As its makers write it. */
  readonly application: string;
  /** A `WHERRY_VALIDATE_EXEC` that would have refused the set. */
  readonly validator: string | undefined;
  /** Milliseconds: what one call may take at most. */
  readonly timeout: number;
}

/** Milliseconds between two looks. */
const first = 50;
const longest = 250;

/**
 * Looks at the process until it shows that it took the set, or that it did not. `overtaken` ends it early. Rejects
 * only with the reason of `signal`.
 */
export async function confirmByProcess(
  signalled: Signalled,
  options: ProcessConfirmOptions,
  signal: AbortSignal,
  overtaken: AbortSignal,
): Promise<Answer> {
  const judge = judgeOf(signalled, options);
  const either = AbortSignal.any([signal, overtaken]);
  const started = performance.now();
  for (let delay = first; ; delay = Math.min(delay * 1.6, longest)) {
    const answer = judge(readProcesses(), performance.now() - started);
    if (answer !== undefined) return answer;
    await new Alarm().wait(delay, either);
    signal.throwIfAborted();
    if (overtaken.aborted) return { class: 'busy', detail: 'overtaken by a newer set' };
  }
}

/** Undefined while there is something to wait for. `passed` is in milliseconds since the signal. */
export type ProcessJudge = (processes: readonly ProcessInfo[], passed: number) => Answer | undefined;

export function judgeOf(signalled: Signalled, options: ProcessConfirmOptions): ProcessJudge {
  const { confirmation } = options;
  switch (confirmation.kind) {
    case 'new-workers':
      return newWorkers(signalled, options, confirmation);
    case 'survives':
      return survives(signalled, options, confirmation.for);
  }
}

function newWorkers(
  { signal, process, children }: Signalled,
  options: ProcessConfirmOptions,
  { within, stays }: Extract<ProcessConfirmation, { kind: 'new-workers' }>,
): ProcessJudge {
  const known = new Set(children.map(keyOf));
  const seenAt = new Map<string, number>();
  const limit = Math.min(within, options.timeout);
  return (processes, passed) => {
    if (!isAlive(process, processes)) {
      return { class: 'not-up', detail: `${shown(process)} has ended after ${signal}` };
    }
    const fresh = processes
      .filter(({ parent, pid }) => parent === process.pid && pid !== process.pid)
      .map(keyOf)
      .filter((key) => !known.has(key));
    for (const key of fresh) if (!seenAt.has(key)) seenAt.set(key, passed);
    if (fresh.some((key) => passed - (seenAt.get(key) ?? passed) >= stays)) return { class: 'accepted' };
    // One that has just come may still prove itself.
    if (passed < limit || (fresh.length > 0 && passed < limit + stays)) return undefined;
    const what =
      seenAt.size === 0
        ? `started no new worker within ${formatDuration(limit)}`
        : 'started new workers, which ended at once';
    const why = `${options.application} cannot load the set and goes on with what it had`;
    return {
      class: 'rejected',
      detail: `${shown(process)} got ${signal} and ${what}: ${why}; ${cure(options)}`,
    };
  };
}

function survives(
  { signal, process }: Signalled,
  options: ProcessConfirmOptions,
  milliseconds: number,
): ProcessJudge {
  return (processes, passed) => {
    if (!isAlive(process, processes)) {
      const why = `${options.application} ends when it cannot load the set`;
      return {
        class: 'rejected',
        detail: `${shown(process)} ended after ${signal}: ${why}; ${cure(options)}`,
      };
    }
    return passed >= Math.min(milliseconds, options.timeout) ? { class: 'accepted' } : undefined;
  };
}

function cure({ validator }: ProcessConfirmOptions): string {
  const log = 'look at its error log';
  return validator === undefined
    ? log
    : `${log}; WHERRY_VALIDATE_EXEC='${validator}' refuses such a set before it is published`;
}

/** A pid is used again, but not with the same start. */
function keyOf({ pid, startTime }: ProcessInfo): string {
  return `${pid}@${startTime}`;
}

function isAlive(process: ProcessInfo, processes: readonly ProcessInfo[]): boolean {
  return processes.some((other) => keyOf(other) === keyOf(process));
}

function shown({ pid, name }: ProcessInfo): string {
  return `process ${pid} (${name})`;
}
