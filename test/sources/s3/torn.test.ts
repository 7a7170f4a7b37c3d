import { describe, expect, test } from 'vitest';
import { hasCeph } from '../../support/ceph.ts';
import { type Experiment, experience, experiments, settling } from '../../support/torn.ts';

const trials = 50;

describe.skipIf(!hasCeph)('releases of 40 objects, by a writer that pauses half way', () => {
  test('are taken whole or not at all, but for those that only settle', async () => {
    const all: readonly (readonly [string, Experiment])[] = Object.entries(experiments);
    const run = async ([name, experiment]: (typeof all)[number]) =>
      [name, await experience(experiment, trials)] as const;
    const results = await Promise.all([...all, ['settling', settling] as const].map(run));
    console.table(Object.fromEntries(results));
    for (const [name, outcome] of results.filter(([each]) => each !== 'settling')) {
      expect({ name, ...outcome }).toMatchObject({ name, trials, torn: 0 });
      expect(outcome.whole, name).toBeGreaterThan(0);
    }
  }, 240_000);
});
