import type { Counters } from '../../presets/preset.ts';
import type { Before, Finding } from './finding.ts';
import { statistics } from './metric-text.ts';

interface Sums {
  readonly taken: number;
  readonly rejected: number;
}

/** Several parts are updated one after another: one that is refused follows within this time. Milliseconds. */
const rest = 400;

/** The sums as one text, to be kept until the set is published; undefined where the text has no such counter. */
export function countersText(counters: Counters, body: string): string | undefined {
  const sums = sumsOf(counters, body);
  return sums === undefined ? undefined : JSON.stringify(sums);
}

/** What the counters say of a set, compared with those from before it was published. */
export function judgeCounters(counters: Counters, body: string, before: Before): Finding {
  const now = sumsOf(counters, body);
  if (now === undefined) {
    return { kind: 'unreadable', stays: 2000, said: `counts no update; ${counters.cure}` };
  }
  const known = parseSums(before.baseline);
  if (known === undefined) return judgeByTime(counters, body, now, before.publishedAt);
  // Counters that fell are those of a process that was started since: it has read nothing but the new set.
  const isNew = now.taken < known.taken || now.rejected < known.rejected;
  const then = isNew ? { taken: 0, rejected: 0 } : known;
  if (now.rejected > then.rejected) {
    return {
      kind: 'refused',
      stays: 0,
      said: `${now.rejected - then.rejected} of its parts rejected; the log of the application says why`,
    };
  }
  if (now.taken > then.taken) return { kind: 'taken', stays: rest };
  return { kind: 'open', overdue: 'misconfigured', said: `no update was counted; ${counters.cure}` };
}

/** After a restart of this program: where every part was updated since the set was published, the set is taken. */
function judgeByTime({ takenAt }: Counters, body: string, now: Sums, publishedAt: number): Finding {
  const times = statistics(body, takenAt);
  if (times.length > 0 && times.every((time) => time >= publishedAt)) {
    return { kind: 'taken', stays: rest };
  }
  const rejected = now.rejected === 0 ? '' : `, ${now.rejected} were rejected so far`;
  return {
    kind: 'open',
    overdue: 'not-up',
    said: `the set cannot be confirmed: nobody read the counters before it was published, and not every part was updated since${rejected}; the next set can be confirmed`,
  };
}

function sumsOf({ taken, rejected }: Counters, body: string): Sums | undefined {
  const successes = statistics(body, taken);
  if (successes.length === 0) return undefined;
  return { taken: sum(successes), rejected: sum(statistics(body, rejected)) };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Undefined for a text that this program did not write. */
function parseSums(text: string | undefined): Sums | undefined {
  if (text === undefined) return undefined;
  try {
    const { taken, rejected } = JSON.parse(text) as Readonly<Partial<Record<keyof Sums, unknown>>>;
    return typeof taken === 'number' && typeof rejected === 'number' ? { taken, rejected } : undefined;
  } catch {
    return undefined;
  }
}
