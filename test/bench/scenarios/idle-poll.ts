import type { Bench, Scenario } from '../bench.ts';
import type { Fixture } from '../fixtures.ts';
import { type IdlePolls, measureIdlePolls, pollsARun } from '../idle.ts';
import { cpuOf } from '../measure.ts';
import type { Figure } from '../report.ts';

const peerRuns = 20;

/** What it costs to find that nothing has changed, beside `git ls-remote`. */
export const idlePoll: Scenario = {
  name: 'idle-poll',
  title: `An idle poll (${pollsARun} polls a run)`,
  run: async (bench) => {
    const fixture = await bench.fixture({ files: 50, changes: 0 });
    return [...(await measure(bench, fixture, 'http')), ...(await measure(bench, fixture, 'https'))];
  },
};

async function measure(bench: Bench, fixture: Fixture, scheme: 'http' | 'https'): Promise<readonly Figure[]> {
  const { directory: cwd } = bench;
  await using server = await bench.serve(fixture, scheme);
  const { url, certificate } = server;
  const env = { ...bench.env, GIT_SSL_CAINFO: certificate };
  const trust: Record<string, string> = scheme === 'https' ? { WHERRY_GIT_CA_FILE: certificate } : {};
  const wherry: IdlePolls[] = [];
  const lsRemote: number[] = [];
  const peerRequests: number[] = [];
  for (let run = 0; run < bench.runs(3); run += 1) {
    const requestsBefore = await server.requests();
    lsRemote.push(await cpuOf({ command: ['git', 'ls-remote', url, 'HEAD'], env, cwd }, peerRuns));
    peerRequests.push(((await server.requests()) - requestsBefore) / peerRuns);
    wherry.push(await measureIdlePolls(bench, { WHERRY_GIT_REPO: url, ...trust }, server));
  }
  const named = (name: string) => `${scheme}: ${name}`;
  return [
    { name: named('requests'), unit: 'a poll', values: wherry.map(({ requests }) => requests), bar: 2.01 },
    { name: named('CPU of the process'), unit: 'ms', values: wherry.map(({ cpu }) => cpu), bar: 2 },
    { name: named('CPU of child processes'), unit: 'ms', values: wherry.map(({ childCpu }) => childCpu) },
    {
      name: named('page faults of child processes (0 = there was none)'),
      unit: '',
      values: wherry.map(({ childFaults }) => childFaults),
      bar: 0,
    },
    { name: named('requests of git ls-remote'), unit: 'a poll', values: peerRequests },
    { name: named('CPU of git ls-remote, children included'), unit: 'ms', values: lsRemote },
  ];
}
