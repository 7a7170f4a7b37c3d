import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Target } from '../../../src/reload/target.ts';
import { driftBench, isWatched, realRoot, turning } from '../../support/drift-bench.ts';

const timeout = 20_000;

test('a set that is rejected while an edited file of it waits to be put back is rolled back', async () => {
  const application: Target = {
    name: 'url1',
    identity: 'application',
    // Its answer to the second set comes when it is wanted for the repair.
    reload: async ({ sequence }, _, overtaken) => {
      if (sequence !== 2 || overtaken === undefined) return { class: 'accepted' };
      if (!overtaken.aborted) await once(overtaken, 'abort');
      return { class: 'rejected', detail: 'HTTP 500' };
    },
  };
  const { target, source, reads, start, signal } = await driftBench({ parts: { targets: [application] } });
  const engine = await start();
  source.set('r1', { a: 'good' });
  await engine.look(signal);
  await expect.poll(() => engine.state?.good?.sequence, { timeout }).toBe(1);
  const look = turning(engine);
  source.set('r2', { a: 'bad' });
  await look();
  await isWatched(engine);
  await writeFile(join(await realRoot('symlink', target), 'a'), 'edited');
  await expect.poll(() => engine.state?.quarantine, { timeout }).toMatchObject([{ revision: 'r2' }]);
  await expect.poll(reads, { timeout }).toEqual({ a: 'good' });
});
