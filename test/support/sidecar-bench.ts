import { expect } from 'vitest';
import type { Quarantine } from '../../src/engine/machine/state.ts';
import { readSet } from './engine-bench.ts';
import { localBench } from './local-bench.ts';
import { type LogLine, run, start, stateOf, type Wherry } from './program.ts';

/** The lines of the log that have exactly this message. */
export function linesOf(wherry: Wherry, message: string): readonly LogLine[] {
  return wherry.log.filter((line) => line.message === message);
}

/** The revisions that a sidecar published, in order; what a rollback brought back is not among them. */
export function publishedBy(wherry: Wherry): readonly unknown[] {
  return linesOf(wherry, 'published').map(({ revision }) => revision);
}

export const rollbackLine = 'rolled back to the last good set';

/** A local bench, a sidecar on it, and what its state file says of what came of a commit. */
export async function sidecarBench(more: Readonly<Record<string, string>> = {}) {
  const bench = await localBench(more);
  const { target, settings } = bench;

  const isGood = async () => {
    const { published, good, targets, rejected } = await stateOf(target);
    if (published === undefined || published.sequence !== good?.sequence || rejected !== undefined) return;
    const isPending = Object.values(targets).some(({ acknowledged }) => acknowledged < published.sequence);
    return isPending ? undefined : published.revision;
  };
  const refusedOf = async (revision: string): Promise<Quarantine | undefined> =>
    (await stateOf(target)).quarantine?.find((entry) => entry.revision === revision);

  return {
    ...bench,
    start: (extra: Readonly<Record<string, string>> = {}) => start(['run'], { ...settings, ...extra }),
    init: (extra: Readonly<Record<string, string>> = {}) => run(['init'], { ...settings, ...extra }),
    state: () => stateOf(target),
    /** What `wherry status` prints. */
    status: async () => (await run(['status'], { WHERRY_TARGET: target })).stdout,
    shows: (files: Record<string, string>) => expect.poll(() => readSet(target)).toEqual(files),
    /** Waits until this revision is published, and every target took it. */
    becomesGood: async (revision: string, timeout = 30_000) => {
      try {
        await expect.poll(isGood, { timeout }).toBe(revision);
      } catch (error) {
        const state = JSON.stringify(await stateOf(target).catch(String));
        throw new Error(`${revision} is not good: ${state}`, { cause: error });
      }
    },
    /** Waits until this revision is refused, and gives back what is known of that. */
    becomesRefused: async (revision: string): Promise<Partial<Quarantine>> => {
      await expect.poll(() => refusedOf(revision), { timeout: 30_000 }).toBeDefined();
      return (await refusedOf(revision)) ?? {};
    },
  };
}
