import type { Scenario } from '../bench.ts';
import { cpuOf, until, usageOf } from '../measure.ts';
import { awaitIdlePolls, idlePolls } from '../metrics.ts';
import type { Figure } from '../report.ts';

const polls = 250;
const peerRuns = 20;

/** What it costs to find over HTTP that nothing has changed, beside `git ls-remote`. */
export const idlePoll: Scenario = {
  name: 'idle-poll',
  title: `An idle poll over HTTP (${polls} polls a run)`,
  run: async (bench) => {
    const { signal, env, directory: cwd } = bench;
    const fixture = await bench.fixture({ files: 50, changes: 0 });
    await using server = await bench.serve(fixture);
    const requests: number[] = [];
    const cpu: number[] = [];
    const childCpu: number[] = [];
    const childFaults: number[] = [];
    const lsRemote: number[] = [];
    const peerRequests: number[] = [];
    for (let run = 0; run < bench.runs(3); run += 1) {
      const requestsBefore = await server.requests();
      lsRemote.push(await cpuOf({ command: ['git', 'ls-remote', server.url, 'HEAD'], env, cwd }, peerRuns));
      peerRequests.push(((await server.requests()) - requestsBefore) / peerRuns);
      await using sidecar = await bench.sidecar({
        WHERRY_GIT_REPO: server.url,
        WHERRY_POLL_INTERVAL: '40ms',
      });
      await sidecar.settled(await fixture.tip(), signal);
      await awaitIdlePolls(sidecar, 20, signal);
      const before = {
        ...(await usageOf(sidecar.pid)),
        polls: await idlePolls(sidecar, signal),
        requests: await server.requests(),
      };
      // The server knows as well, and asking it costs the sidecar nothing.
      const wanted = before.requests + polls;
      await until(`${polls} polls`, async () => (await server.requests()) >= wanted);
      const after = {
        ...(await usageOf(sidecar.pid)),
        polls: await idlePolls(sidecar, signal),
        requests: await server.requests(),
      };
      const made = after.polls - before.polls;
      requests.push((after.requests - before.requests) / made);
      cpu.push((after.self - before.self) / made);
      childCpu.push((after.children - before.children) / made);
      childFaults.push(after.childFaults - before.childFaults);
    }
    return [
      { name: 'requests', unit: 'a poll', values: requests, bar: 2.01 },
      { name: 'CPU of the process', unit: 'ms', values: cpu, bar: 2 },
      { name: 'CPU of child processes', unit: 'ms', values: childCpu },
      { name: 'page faults of child processes (0 = there was none)', unit: '', values: childFaults, bar: 0 },
      { name: 'requests of git ls-remote', unit: 'a poll', values: peerRequests },
      { name: 'CPU of git ls-remote, children included', unit: 'ms', values: lsRemote },
    ] satisfies Figure[];
  },
};
