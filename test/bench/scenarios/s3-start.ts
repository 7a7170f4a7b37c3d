import { join } from 'node:path';
import type { Bench, Scenario } from '../bench.ts';
import { type Run, timeOf } from '../measure.ts';
import { type Figure, ratios } from '../report.ts';
import { writeArchive } from '../s3/archive.ts';
import { aws, hasAws } from '../s3/peers.ts';
import { type S3Place, serveObjects, settingsOf } from '../s3/store.ts';

const files = 50;
const size = 1024;
const prefix = 'config/';
const archiveKey = 'config.tar.gz';

/** `wherry init` of a small set, beside a start of Node and one of the AWS CLI, which fetches the same bytes. */
export const s3Start: Scenario = {
  name: 's3-start',
  title: `\`wherry init\` of ${files} files from S3`,
  needs: () => (hasAws ? undefined : 'awscli of Debian'),
  run: async (bench) => {
    const archive = join(bench.directory, archiveKey);
    await writeArchive(archive, { files, size });
    await using store = await serveObjects(bench, [
      { kind: 'many', prefix, count: files, size },
      { kind: 'file', key: archiveKey, path: archive },
    ]);
    const { place } = store;
    const settings = settingsOf(place);
    const objects = { ...settings, WHERRY_S3_PREFIX: prefix, WHERRY_S3_SETTLE: '0s' };
    return [
      ...(await compare(bench, `${files} objects`, objects, copyOf(bench, place, prefix, 'sync'))),
      ...(await compare(
        bench,
        'one archive',
        { ...settings, WHERRY_S3_ARCHIVE: archiveKey },
        copyOf(bench, place, archiveKey, 'cp'),
      )),
    ];
  },
};

function copyOf(
  { env, directory: cwd }: Bench,
  place: S3Place,
  key: string,
  action: 'cp' | 'sync',
): (directory: string) => Run {
  return (directory) => aws(action, key, join(directory, 'copy'), place, { env, cwd });
}

async function compare(
  bench: Bench,
  name: string,
  settings: Readonly<Record<string, string>>,
  copy: (directory: string) => Run,
): Promise<readonly Figure[]> {
  const { env, directory: cwd, program } = bench;
  const initRuns: number[] = [];
  const nodeRuns: number[] = [];
  const copyRuns: number[] = [];
  for (let turn = 0; turn < bench.runs(9) + 1; turn += 1) {
    const whole = { ...env, ...settings, WHERRY_TARGET: bench.newPath() };
    const bare = await timeOf({ command: [process.execPath, '-e', '0'], env, cwd });
    const copied = await bench.within((directory) => timeOf(copy(directory)));
    const init = await timeOf({ command: [...program, 'init'], env: whole, cwd });
    // The first turn fills the page cache.
    if (turn === 0) continue;
    nodeRuns.push(bare);
    copyRuns.push(copied);
    initRuns.push(init);
  }
  const both = nodeRuns.map((value, index) => value + (copyRuns[index] ?? Number.NaN));
  return [
    { name: `${name}: wherry init`, unit: 'ms', values: initRuns },
    { name: `${name}: node -e 0`, unit: 'ms', values: nodeRuns },
    { name: `${name}: aws s3`, unit: 'ms', values: copyRuns },
    { name: `${name}: init ÷ (node + aws)`, unit: '×', values: ratios(initRuns, both), bar: 1 },
  ];
}
