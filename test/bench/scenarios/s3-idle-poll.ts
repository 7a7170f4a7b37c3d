import { join } from 'node:path';
import type { Scenario } from '../bench.ts';
import { type IdlePolls, measureIdlePolls, pollsARun } from '../idle.ts';
import type { Figure } from '../report.ts';
import { serveObjects, settingsOf, sharedFileSettings } from '../s3/store.ts';

const key = 'config/app.yaml';

/** What it costs to find that an object of a bucket has not changed, beside the same of a Git branch. */
export const s3IdlePoll: Scenario = {
  name: 's3-idle-poll',
  title: `An idle poll of one S3 object (${pollsARun} polls a run)`,
  run: async (bench) => {
    await using store = await serveObjects(bench, [{ kind: 'one', key, size: 4096 }]);
    await using gitServer = await bench.serve(await bench.fixture({ files: 50, changes: 0 }));
    const shared = await sharedFileSettings(store.place, join(bench.directory, 'credentials'));
    const s3: IdlePolls[] = [];
    const s3Shared: IdlePolls[] = [];
    const git: IdlePolls[] = [];
    for (let run = 0; run < bench.runs(3); run += 1) {
      s3.push(await measureIdlePolls(bench, { ...settingsOf(store.place), WHERRY_S3_OBJECT: key }, store));
      s3Shared.push(await measureIdlePolls(bench, { ...shared, WHERRY_S3_OBJECT: key }, store));
      git.push(await measureIdlePolls(bench, { WHERRY_GIT_REPO: gitServer.url }, gitServer));
    }
    return [
      { name: 'requests', unit: 'a poll', values: s3.map(({ requests }) => requests), bar: 1.01 },
      { name: 'CPU of the process', unit: 'ms', values: s3.map(({ cpu }) => cpu), bar: 3 },
      {
        name: 'page faults of child processes (0 = there was none)',
        unit: '',
        values: s3.map(({ childFaults }) => childFaults),
        bar: 0,
      },
      {
        name: 'credentials of a shared file: requests',
        unit: 'a poll',
        values: s3Shared.map(({ requests }) => requests),
        bar: 1.01,
      },
      {
        name: 'credentials of a shared file: CPU of the process',
        unit: 'ms',
        values: s3Shared.map(({ cpu }) => cpu),
        bar: 3,
      },
      { name: 'Git source: requests', unit: 'a poll', values: git.map(({ requests }) => requests) },
      { name: 'Git source: CPU of the process', unit: 'ms', values: git.map(({ cpu }) => cpu) },
    ] satisfies Figure[];
  },
};
