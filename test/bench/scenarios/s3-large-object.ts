import { join } from 'node:path';
import type { Bench, Scenario } from '../bench.ts';
import { type Consumption, consumptionOf } from '../measure.ts';
import type { Figure } from '../report.ts';
import { writeArchive } from '../s3/archive.ts';
import { aws, awsVersion, hasAws } from '../s3/peers.ts';
import { serveObjects, settingsOf } from '../s3/store.ts';

const mebibyte = 1024 * 1024;
const size = 512 * mebibyte;
const objectKey = 'large/model.bin';
const archiveKey = 'large/models.tar.gz';

/** Memory and CPU of a set of 512 MiB: as one object, and as an archive of eight files. */
export const s3LargeObject: Scenario = {
  name: 's3-large-object',
  title: '`wherry init` of 512 MiB from S3',
  run: async (bench) => {
    const archive = join(bench.directory, 'models.tar.gz');
    await writeArchive(archive, { files: 8, size: 64 * mebibyte });
    await using store = await serveObjects(bench, [
      { kind: 'one', key: objectKey, size },
      { kind: 'file', key: archiveKey, path: archive },
    ]);
    const settings = settingsOf(store.place);
    const object: Consumption[] = [];
    const unpacked: Consumption[] = [];
    const copied: Consumption[] = [];
    for (let run = 0; run < bench.runs(3); run += 1) {
      object.push(await init(bench, { ...settings, WHERRY_S3_OBJECT: objectKey }));
      unpacked.push(await init(bench, { ...settings, WHERRY_S3_ARCHIVE: archiveKey }));
      if (!hasAws) continue;
      const { env, directory: cwd } = bench;
      await bench.within(async (path) => {
        copied.push(
          await consumptionOf(aws('cp', objectKey, join(path, 'object'), store.place, { env, cwd })),
        );
      });
    }
    return [
      ...figuresOf('one object', object, 110),
      ...figuresOf('archive (.tar.gz)', unpacked),
      ...(hasAws ? figuresOf(`${awsVersion()}, aws s3 cp of the object`, copied) : []),
    ];
  },
};

function init(bench: Bench, settings: Readonly<Record<string, string>>): Promise<Consumption> {
  const { env, directory: cwd, program } = bench;
  return bench.within((path) =>
    consumptionOf({
      command: [...program, 'init'],
      env: { ...env, ...settings, WHERRY_TARGET: join(path, 'target'), WHERRY_FSYNC: 'false' },
      cwd,
    }),
  );
}

function figuresOf(name: string, runs: readonly Consumption[], bar?: number): readonly Figure[] {
  return [
    {
      name: `${name}: peak RSS`,
      unit: 'MiB',
      values: runs.map(({ peak }) => peak),
      ...(bar === undefined ? {} : { bar }),
    },
    { name: `${name}: CPU`, unit: 'ms', values: runs.map(({ cpu }) => cpu) },
    { name: `${name}: time`, unit: 'ms', values: runs.map(({ elapsed }) => elapsed) },
  ];
}
