import { stripVTControlCharacters } from 'node:util';
import { oneLine } from '../../platform/one-line.ts';
import { haproxy } from '../../presets/haproxy.ts';
import type { Answer } from '../target.ts';

/** What `show proc` says of a master. */
export interface MasterState {
  /** Pids of the workers that take new connections. */
  readonly workers: ReadonlySet<number>;
  /** Failed reloads since the last good one; undefined before HAProxy 2.6, which does not tell. */
  readonly failed: number | undefined;
}

/** Undefined for what no master said. */
export function parseShowProc(text: string): MasterState | undefined {
  if (!/^\d+\s+master\s/m.test(text)) return undefined;
  const failed = /^\d+\s+master\s.*\[failed: (\d+)\]/m.exec(text)?.[1];
  const [, current = ''] = /^# workers$([\s\S]*?)(?:^# |(?![\s\S]))/m.exec(text) ?? [];
  const workers = [...current.matchAll(/^(\d+)\s+worker\s/gm)].map(([, pid]) => Number(pid));
  return { workers: new Set(workers), failed: failed === undefined ? undefined : Number(failed) };
}

/** What a master shows after a reload that it closed the connection on; undefined while nothing has moved. */
export function compareStates(before: MasterState, after: MasterState): 'new-worker' | 'failed' | undefined {
  if ((after.failed ?? 0) > (before.failed ?? 0)) return 'failed';
  return [...after.workers].some((pid) => !before.workers.has(pid)) ? 'new-worker' : undefined;
}

/** `Success=1` or `Success=0`, `--`, and what HAProxy logged while it started again. `where` is shown. */
export function classifyReload(where: string, text: string): Answer {
  const [, success, log = ''] = /^Success=([01])\s*?(?:\n--\s*?\n([\s\S]*))?$/.exec(text.trimEnd()) ?? [];
  if (success === '1') return { class: 'accepted' };
  if (success === '0') return { class: 'rejected', detail: `${where}: ${refusedBecause(log)}` };
  return misunderstood(where, 'reload', text);
}

/** Why a master refused a set, of which it keeps no trace but its log. */
export function refusedBecause(log: string): string {
  const lines = stripVTControlCharacters(log)
    .split('\n')
    .filter((line) => line.trim() !== '');
  const alerts = lines.filter((line) => /^\[(ALERT|EMERG)\]/.test(line));
  const said = oneLine((alerts.length > 0 ? alerts : lines).join(' · ').slice(0, 1024));
  const what = 'HAProxy cannot load the set and goes on with what it had';
  return said === ''
    ? `${what}; look at its log; WHERRY_VALIDATE_EXEC='${haproxy.validator}' refuses such a set before it is published`
    : `${what}: ${said}`;
}

/** An answer that no master gives to whom it lets in. */
export function misunderstood(where: string, command: string, text: string): Answer {
  const said = oneLine(text.slice(0, 300));
  const detail = `${where}: answered "${said}" to "${command}"; ${cureOf(text)}`;
  return { class: 'misconfigured', detail };
}

function cureOf(text: string): string {
  if (/^permission denied/im.test(text)) return 'give the socket "level admin" in the -S of HAProxy';
  return 'give WHERRY_RELOAD_URL the master’s own socket: start HAProxy with -W and -S';
}
