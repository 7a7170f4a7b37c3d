import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Bench, Scenario } from '../bench.ts';
import { type Memory, memoryOf } from '../measure.ts';
import { awaitIdlePolls } from '../metrics.ts';

/** What the sidecar weighs after a thousand polls, beside a Node that does nothing. */
export const idleMemory: Scenario = {
  name: 'idle-memory',
  title: 'Memory after 1,000 idle polls over HTTP',
  run: async (bench) => {
    const fixture = await bench.fixture({ files: 50, changes: 0 });
    await using server = await bench.serve(fixture);
    const wherry: Memory[] = [];
    const atStart: Memory[] = [];
    const bare: Memory[] = [];
    for (let run = 0; run < bench.runs(3); run += 1) {
      await using sidecar = await bench.sidecar({
        WHERRY_GIT_REPO: server.url,
        WHERRY_POLL_INTERVAL: '15ms',
      });
      await sidecar.settled(await fixture.tip(), bench.signal);
      atStart.push(await memoryOf(sidecar.pid));
      for (let polls = 0; polls < 1000; polls += 200) await awaitIdlePolls(sidecar, 200, bench.signal);
      wherry.push(await memoryOf(sidecar.pid));
      bare.push(await bareNode(bench));
    }
    return [
      { name: 'RSS', unit: 'MiB', values: wherry.map(({ rss }) => rss), bar: 60 },
      { name: 'private', unit: 'MiB', values: wherry.map((memory) => memory.private), bar: 16 },
      { name: 'Pss', unit: 'MiB', values: wherry.map(({ pss }) => pss) },
      { name: 'RSS after the first publish', unit: 'MiB', values: atStart.map(({ rss }) => rss) },
      {
        name: 'private after the first publish',
        unit: 'MiB',
        values: atStart.map((memory) => memory.private),
      },
      { name: 'RSS of bare node', unit: 'MiB', values: bare.map(({ rss }) => rss) },
      { name: 'private of bare node', unit: 'MiB', values: bare.map((memory) => memory.private) },
    ];
  },
};

async function bareNode({ env, directory: cwd }: Bench): Promise<Memory> {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => 0, 1e9); console.log()'], {
    env,
    cwd,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  const memory = await memoryOf(child.pid ?? Number.NaN);
  const ended = once(child, 'exit');
  child.kill();
  await ended;
  return memory;
}
