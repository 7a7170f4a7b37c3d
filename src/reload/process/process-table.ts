import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { ProcessInfo } from './process-choice.ts';

const kernelThread = 0x0020_0000;

/**
 * Every living process that this PID namespace shows, without the kernel's. Read at one go, so that a
 * signal can follow before a pid is used again.
 */
export function readProcesses(): ProcessInfo[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => readProcess(Number(name)))
    .filter((process) => process !== undefined);
}

/** True when the signal reaches something in the process, rather than ending it or getting lost. */
export function handlesSignal(pid: number, number: number): boolean {
  const status = readOptional(`/proc/${pid}/status`) ?? '';
  const bit = 1n << BigInt(number - 1);
  // Blocked ones are read by signalfd or sigwait.
  return ['SigCgt', 'SigBlk'].some((field) => {
    const mask = new RegExp(`^${field}:\\s*([0-9a-f]+)`, 'm').exec(status)?.[1];
    return mask !== undefined && (BigInt(`0x${mask}`) & bit) !== 0n;
  });
}

/** Undefined for what is no living program, or ended while it was looked at. */
function readProcess(pid: number): ProcessInfo | undefined {
  const stat = readOptional(`/proc/${pid}/stat`);
  const status = readOptional(`/proc/${pid}/status`);
  if (stat === undefined || status === undefined) return undefined;
  // The name stands in brackets, and may hold some itself.
  const end = stat.lastIndexOf(')');
  const fields = stat.slice(end + 2).split(' ');
  const [state = '', parent, , session] = fields;
  if ((Number(fields[6]) & kernelThread) !== 0 || 'ZXx'.includes(state)) return undefined;
  const argv0 = readOptional(`/proc/${pid}/cmdline`)?.split('\0')[0];
  return {
    pid,
    parent: Number(parent),
    session: Number(session),
    name: stat.slice(stat.indexOf('(') + 1, end),
    argv0: argv0 === '' ? undefined : argv0,
    executable: linkOf(`/proc/${pid}/exe`),
    startTime: Number(fields[19]),
    uid: Number(/^Uid:\s*\d+\s+(\d+)/m.exec(status)?.[1]),
  };
}

function readOptional(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
