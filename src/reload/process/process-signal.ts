import { constants } from 'node:os';
import { systemCode } from '../../failure/failure.ts';
import type { Answer } from '../target.ts';
import { chooseProcess, type ProcessInfo, seesOnlyItself } from './process-choice.ts';
import type { Signalled } from './process-confirm.ts';
import { handlesSignal, readProcesses } from './process-table.ts';

/** Without a handler they end a process: one that is just starting must not get them yet. */
const reloadSignals: ReadonlySet<NodeJS.Signals> = new Set(['SIGHUP', 'SIGUSR1', 'SIGUSR2']);

/** Signals the process of that name, or executable path, in the shared PID namespace. */
export function signalProcess(wanted: string, signal: NodeJS.Signals): Answer {
  const sent = sendSignal(wanted, signal);
  return 'class' in sent ? sent : { class: 'accepted' };
}

/** The same, and who got it with which children; an answer where nobody did. */
export function sendSignal(wanted: string, signal: NodeJS.Signals): Signalled | Answer {
  const processes = readTable();
  if (processes === undefined) {
    return {
      class: 'misconfigured',
      detail: 'WHERRY_RELOAD_SIGNAL: /proc cannot be read; it needs Linux, with /proc mounted',
    };
  }
  const others = processes.filter(({ pid }) => pid !== process.pid);
  const choice = chooseProcess(others, wanted);
  switch (choice.kind) {
    case 'found':
      return (
        send(choice.process, signal) ?? {
          signal,
          process: choice.process,
          children: processes.filter(({ parent }) => parent === choice.process.pid),
        }
      );
    case 'none':
      return { class: 'not-up', detail: describeNone(wanted, seesOnlyItself(processes, process.pid)) };
    case 'ambiguous': {
      const pids = choice.processes.map(({ pid }) => pid).join(', ');
      return {
        class: 'misconfigured',
        detail: `WHERRY_RELOAD_PROCESS: "${wanted}" is the name of several unrelated processes (pids ${pids}); name the executable by its path, or make it unique`,
      };
    }
  }
}

function readTable(): readonly ProcessInfo[] | undefined {
  try {
    return readProcesses();
  } catch {
    return undefined;
  }
}

function describeNone(wanted: string, seesOnlySelf: boolean): string {
  const none = `WHERRY_RELOAD_PROCESS: no process "${wanted}" is running`;
  return seesOnlySelf
    ? `${none}, and only this container's processes are visible; does the pod say shareProcessNamespace: true?`
    : none;
}

/** Undefined when it was sent. */
function send({ pid, name, uid }: ProcessInfo, signal: NodeJS.Signals): Answer | undefined {
  const shown = `process ${pid} (${name})`;
  if (reloadSignals.has(signal) && !handlesSignal(pid, constants.signals[signal])) {
    return {
      class: 'not-up',
      detail: `${shown} has no handler for ${signal} yet; it is still starting, or needs another signal`,
    };
  }
  try {
    process.kill(pid, signal);
    return undefined;
  } catch (error) {
    if (systemCode(error) === 'ESRCH') return { class: 'not-up', detail: `${shown} has just ended` };
    return {
      class: 'misconfigured',
      detail: `WHERRY_RELOAD_SIGNAL: ${shown} of UID ${uid} may not be signalled by UID ${process.geteuid?.()}; run both containers as the same user (runAsUser), or give this one the capability KILL`,
    };
  }
}
