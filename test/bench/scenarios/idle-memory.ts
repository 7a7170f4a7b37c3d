import type { Scenario } from '../bench.ts';
import { type IdleMemory, measureBareNode, measureIdleMemory } from '../idle.ts';
import type { Memory } from '../measure.ts';

/** What the sidecar weighs after a thousand polls, beside a Node that does nothing. */
export const idleMemory: Scenario = {
  name: 'idle-memory',
  title: 'Memory after 1,000 idle polls over HTTP',
  run: async (bench) => {
    const fixture = await bench.fixture({ files: 50, changes: 0 });
    await using server = await bench.serve(fixture);
    const wherry: IdleMemory[] = [];
    const bare: Memory[] = [];
    for (let run = 0; run < bench.runs(3); run += 1) {
      wherry.push(await measureIdleMemory(bench, { WHERRY_GIT_REPO: server.url }));
      bare.push(await measureBareNode(bench));
    }
    return [
      { name: 'RSS', unit: 'MiB', values: wherry.map(({ idle }) => idle.rss), bar: 60 },
      { name: 'private', unit: 'MiB', values: wherry.map(({ idle }) => idle.private), bar: 16 },
      { name: 'Pss', unit: 'MiB', values: wherry.map(({ idle }) => idle.pss) },
      { name: 'RSS after the first publish', unit: 'MiB', values: wherry.map(({ atStart }) => atStart.rss) },
      {
        name: 'private after the first publish',
        unit: 'MiB',
        values: wherry.map(({ atStart }) => atStart.private),
      },
      { name: 'RSS of bare node', unit: 'MiB', values: bare.map(({ rss }) => rss) },
      { name: 'private of bare node', unit: 'MiB', values: bare.map((memory) => memory.private) },
    ];
  },
};
