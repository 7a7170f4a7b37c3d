import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bench } from '../bench.ts';
import { writeArchive } from '../s3/archive.ts';
import type { ObjectSet } from '../s3/objects.ts';
import { type S3Store, serveObjects, settingsOf, sharedFileSettings } from '../s3/store.ts';
import type { Holding, Place, S3Address } from './place.ts';

const usualSize = 1024;
const objectKey = 'config/app.yaml';
const archiveKey = 'config.tar.gz';
const prefix = 'config/';

/** One object that is as large as all the files together. */
export async function s3Object(bench: Bench, { files, size = usualSize }: Holding): Promise<Place> {
  const store = await serveObjects(bench, [{ kind: 'one', key: objectKey, size: files * size }]);
  return placeIn(store, 'S3 object', { WHERRY_S3_OBJECT: objectKey }, { key: objectKey, holds: 'object' });
}

/** The same, with credentials that must be resolved first. */
export async function s3ObjectOfShared(bench: Bench, holding: Holding): Promise<Place> {
  const place = await s3Object(bench, holding);
  if (place.s3 === undefined) return place;
  const shared = await sharedFileSettings(place.s3, bench.newPath());
  return {
    ...place,
    name: 'S3 object, credentials of a shared file',
    settings: { ...shared, WHERRY_S3_OBJECT: objectKey },
  };
}

/** A `.tar.gz` with all the files. */
export async function s3Archive(
  bench: Bench,
  { files, size = usualSize, changes = 0 }: Holding,
): Promise<Place> {
  const directory = bench.newPath();
  await mkdir(directory);
  const paths = Array.from({ length: changes + 1 }, (_, version) => join(directory, `${version}.tar.gz`));
  for (const [version, path] of paths.entries()) await writeArchive(path, { files, size, version });
  const store = await serveObjects(bench, [{ kind: 'file', key: archiveKey, paths }]);
  const settings = { WHERRY_S3_ARCHIVE: archiveKey };
  return placeIn(store, 'S3 archive', settings, { key: archiveKey, holds: 'object' });
}

/** An object a file. */
export async function s3Prefix(bench: Bench, { files, size = usualSize }: Holding): Promise<Place> {
  const objects: ObjectSet = { kind: 'many', prefix, count: files, size };
  const settings = { WHERRY_S3_PREFIX: prefix, WHERRY_S3_SETTLE: '0s' };
  return placeIn(await serveObjects(bench, [objects]), 'S3 prefix', settings, {
    key: prefix,
    holds: 'prefix',
  });
}

function placeIn(
  store: S3Store,
  name: string,
  settings: Readonly<Record<string, string>>,
  address: Pick<S3Address, 'key' | 'holds'>,
): Place {
  return {
    name,
    settings: { ...settingsOf(store.place), ...settings },
    s3: { ...store.place, ...address },
    requests: () => store.requests(),
    change: (n) => store.change(n),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}
