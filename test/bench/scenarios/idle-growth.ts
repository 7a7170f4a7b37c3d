import type { Scenario } from '../bench.ts';
import { type Memory, memoryOf } from '../measure.ts';
import { awaitIdlePolls, published } from '../metrics.ts';

const few = 1000;
const many = 10_000;

/** Whether the sidecar grows with time: what it weighs after a thousand idle polls, and after ten thousand. */
export const idleGrowth: Scenario = {
  name: 'idle-growth',
  title: `Memory after ${many.toLocaleString('en')} idle polls over HTTP`,
  run: async (bench) => {
    const { signal } = bench;
    const fixture = await bench.fixture({ files: 50, changes: 0 });
    await using server = await bench.serve(fixture);
    const taken: { readonly early: Memory; readonly late: Memory }[] = [];
    for (let run = 0; run < bench.runs(1); run += 1) {
      await using sidecar = await bench.sidecar({
        WHERRY_GIT_REPO: server.url,
        WHERRY_POLL_INTERVAL: '10ms',
      });
      await published(sidecar, signal);
      await awaitIdlePolls(sidecar, few, signal);
      const early = await memoryOf(sidecar.pid);
      await awaitIdlePolls(sidecar, many - few, signal);
      taken.push({ early, late: await memoryOf(sidecar.pid) });
    }
    return [
      { name: `private after ${few} polls`, unit: 'MiB', values: taken.map(({ early }) => early.private) },
      { name: `private after ${many} polls`, unit: 'MiB', values: taken.map(({ late }) => late.private) },
      {
        name: 'growth',
        unit: 'MiB',
        values: taken.map(({ early, late }) => late.private - early.private),
        bar: 1,
      },
    ];
  },
};
