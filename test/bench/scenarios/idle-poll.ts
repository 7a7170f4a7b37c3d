import type { Scenario } from '../bench.ts';
import { type IdlePolls, measureIdlePolls, pollsARun } from '../idle.ts';
import { cpuOf } from '../measure.ts';
import type { Figure } from '../report.ts';

const peerRuns = 20;

/** What it costs to find over HTTP that nothing has changed, beside `git ls-remote`. */
export const idlePoll: Scenario = {
  name: 'idle-poll',
  title: `An idle poll over HTTP (${pollsARun} polls a run)`,
  run: async (bench) => {
    const { env, directory: cwd } = bench;
    const fixture = await bench.fixture({ files: 50, changes: 0 });
    await using server = await bench.serve(fixture);
    const wherry: IdlePolls[] = [];
    const lsRemote: number[] = [];
    const peerRequests: number[] = [];
    for (let run = 0; run < bench.runs(3); run += 1) {
      const requestsBefore = await server.requests();
      lsRemote.push(await cpuOf({ command: ['git', 'ls-remote', server.url, 'HEAD'], env, cwd }, peerRuns));
      peerRequests.push(((await server.requests()) - requestsBefore) / peerRuns);
      wherry.push(await measureIdlePolls(bench, { WHERRY_GIT_REPO: server.url }, server));
    }
    return [
      { name: 'requests', unit: 'a poll', values: wherry.map(({ requests }) => requests), bar: 2.01 },
      { name: 'CPU of the process', unit: 'ms', values: wherry.map(({ cpu }) => cpu), bar: 2 },
      { name: 'CPU of child processes', unit: 'ms', values: wherry.map(({ childCpu }) => childCpu) },
      {
        name: 'page faults of child processes (0 = there was none)',
        unit: '',
        values: wherry.map(({ childFaults }) => childFaults),
        bar: 0,
      },
      { name: 'requests of git ls-remote', unit: 'a poll', values: peerRequests },
      { name: 'CPU of git ls-remote, children included', unit: 'ms', values: lsRemote },
    ] satisfies Figure[];
  },
};
