import { setTimeout as sleep } from 'node:timers/promises';
import { UnexpectedError } from '../../failure/failure.ts';
import { httpGet } from './http-get.ts';
import type { Answered } from './s3-server.ts';
import { type Sidecar, stepDeadline } from './sidecar.ts';
import { plural } from './witness.ts';

/** Between two polls: how many there were, and how their requests were answered. */
interface Tally {
  readonly polls: number;
  readonly answered: Answered;
}

/** Counts what the polls of a sidecar cost that find nothing new, by the counts of the store. */
export class IdlePolls {
  readonly #sidecar: Sidecar;
  readonly #answered: () => Answered;
  readonly #start: Tally;

  private constructor(sidecar: Sidecar, answered: () => Answered, start: Tally) {
    this.#sidecar = sidecar;
    this.#answered = answered;
    this.#start = start;
  }

  static async start(sidecar: Sidecar, answered: () => Answered, signal: AbortSignal): Promise<IdlePolls> {
    return new IdlePolls(sidecar, answered, await tally(sidecar, answered, -1, signal));
  }

  /** In words, after two polls at least. Throws when one of them was answered with anything but 304. */
  async inWords(signal: AbortSignal): Promise<string> {
    const end = await tally(this.#sidecar, this.#answered, this.#start.polls + 2, signal);
    const since = (status: number) =>
      (end.answered.get(status) ?? 0) - (this.#start.answered.get(status) ?? 0);
    const busy = [...end.answered.keys()].filter((status) => status !== 304 && since(status) > 0);
    if (busy.length > 0) {
      const problem = `nothing was new, and the store answered the sidecar with ${busy.join(', ')}`;
      throw new UnexpectedError({ problem });
    }
    const polls = plural(end.polls - this.#start.polls, 'idle poll');
    return `${polls} made ${plural(since(304), 'request')}, each answered with 304 and no body`;
  }
}

/** Once there were so many polls, and none is under way: two looks in a row see the same. */
async function tally(
  sidecar: Sidecar,
  answered: () => Answered,
  polls: number,
  signal: AbortSignal,
): Promise<Tally> {
  const deadline = performance.now() + stepDeadline;
  for (let before: Tally | undefined; ; ) {
    const now = { polls: await pollsOf(sidecar, signal), answered: answered() };
    if (now.polls >= polls && before !== undefined && isSame(before, now)) return now;
    if (performance.now() > deadline) {
      const problem = `the sidecar did not look at the bucket ${polls} times in ${stepDeadline / 1000} s`;
      throw new UnexpectedError({ problem });
    }
    before = now;
    await sleep(25, undefined, { signal });
  }
}

async function pollsOf(sidecar: Sidecar, signal: AbortSignal): Promise<number> {
  const answer = await httpGet(`${sidecar.adminUrl}/metrics`, signal);
  const samples = answer?.body.matchAll(/^wherry_polls_total\S* (\d+)$/gm) ?? [];
  let polls = 0;
  for (const [, count] of samples) polls += Number(count);
  return polls;
}

function isSame(one: Tally, other: Tally): boolean {
  return one.polls === other.polls && totalOf(one) === totalOf(other);
}

function totalOf({ answered }: Tally): number {
  return [...answered.values()].reduce((sum, count) => sum + count, 0);
}
