import { join } from 'node:path';
import type { Scenario } from '../bench.ts';
import { type IdleMemory, measureIdleMemory } from '../idle.ts';
import type { Figure } from '../report.ts';
import { serveObjects, settingsOf, sharedFileSettings } from '../s3/store.ts';

const key = 'config/app.yaml';
/** MiB that a thousand polls of S3 may hold more than a thousand of Git. */
const margin = 4;

/** What the sidecar of one S3 object weighs after a thousand polls, beside that of a Git branch. */
export const s3IdleMemory: Scenario = {
  name: 's3-idle-memory',
  title: 'Memory after 1,000 idle polls of one S3 object',
  run: async (bench) => {
    await using store = await serveObjects(bench, [{ kind: 'one', key, size: 4096 }]);
    await using gitServer = await bench.serve(await bench.fixture({ files: 50, changes: 0 }));
    const shared = await sharedFileSettings(store.place, join(bench.directory, 'credentials'));
    const s3: IdleMemory[] = [];
    const s3Shared: IdleMemory[] = [];
    const git: IdleMemory[] = [];
    for (let run = 0; run < bench.runs(3); run += 1) {
      s3.push(await measureIdleMemory(bench, { ...settingsOf(store.place), WHERRY_S3_OBJECT: key }));
      s3Shared.push(await measureIdleMemory(bench, { ...shared, WHERRY_S3_OBJECT: key }));
      git.push(await measureIdleMemory(bench, { WHERRY_GIT_REPO: gitServer.url }));
    }
    return [
      ...figuresOf('static credentials', s3, git),
      ...figuresOf('credentials of a shared file', s3Shared, git),
      { name: 'Git source: RSS', unit: 'MiB', values: git.map(({ idle }) => idle.rss) },
      { name: 'Git source: private', unit: 'MiB', values: git.map(({ idle }) => idle.private) },
    ];
  },
};

function figuresOf(name: string, s3: readonly IdleMemory[], git: readonly IdleMemory[]): readonly Figure[] {
  const more = s3.map(({ idle }, run) => idle.private - (git[run]?.idle.private ?? Number.NaN));
  return [
    { name: `${name}: RSS`, unit: 'MiB', values: s3.map(({ idle }) => idle.rss), bar: 70 },
    { name: `${name}: private`, unit: 'MiB', values: s3.map(({ idle }) => idle.private), bar: 24 },
    { name: `${name}: private more than the Git source`, unit: 'MiB', values: more, bar: margin },
    { name: `${name}: Pss`, unit: 'MiB', values: s3.map(({ idle }) => idle.pss) },
    {
      name: `${name}: private after the first publish`,
      unit: 'MiB',
      values: s3.map(({ atStart }) => atStart.private),
    },
  ];
}
