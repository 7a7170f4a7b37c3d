import type { HttpConfirmation } from '../../presets/preset.ts';
import { judgeCounters } from './counters.ts';
import type { Before, Finding } from './finding.ts';
import { valueAt } from './json-pointer.ts';
import { metricValues } from './metric-text.ts';

/** A contrary answer may be left over from before for a moment. Milliseconds. */
const contrary = 2000;

/** What an answer's body says of the set. */
export function judge(confirmation: HttpConfirmation, body: string, before: Before): Finding {
  switch (confirmation.kind) {
    case 'json-equals': {
      const found = textAt(body, confirmation.pointer);
      if (found === undefined) return unreadable(`holds nothing at ${confirmation.pointer}`);
      return found === confirmation.value ? taken(0) : refused(`${confirmation.pointer} is ${found}`);
    }
    case 'metric-equals': {
      const values = metricValues(body, confirmation.metric);
      if (values.length === 0) return unreadable(`holds no metric ${confirmation.metric}`);
      const other = values.find((value) => value !== confirmation.value);
      return other === undefined ? taken(0) : refused(`${confirmation.metric} is ${other}`);
    }
    case 'json-rises': {
      const found = countAt(body, confirmation.pointer);
      if (found === undefined) return unreadable(`holds no number at ${confirmation.pointer}`);
      const count = Number(before.baseline ?? Number.NaN);
      if (found > count) return taken(0);
      // It begins anew in a process that was started after the call, and for a moment while a reload ends.
      if (found < count) return taken(contrary);
      return {
        kind: 'open',
        overdue: 'rejected',
        said: `${confirmation.pointer} stayed ${found}: it did not take the set and goes on with the one before, or is still at it; its log says why`,
      };
    }
    case 'counters':
      return judgeCounters(confirmation, body, before);
  }
}

/** The number at a pointer; undefined where there is none. */
export function countAt(body: string, pointer: string): number | undefined {
  try {
    const value = valueAt(body, pointer);
    return typeof value === 'number' ? value : undefined;
  } catch {
    return undefined;
  }
}

function textAt(body: string, pointer: string): string | undefined {
  try {
    const value = valueAt(body, pointer);
    return typeof value === 'string' ? value : JSON.stringify(value);
  } catch {
    return undefined;
  }
}

function taken(stays: number): Finding {
  return { kind: 'taken', stays };
}

function refused(said: string): Finding {
  return { kind: 'refused', stays: contrary, said };
}

function unreadable(said: string): Finding {
  return { kind: 'unreadable', stays: contrary, said };
}
