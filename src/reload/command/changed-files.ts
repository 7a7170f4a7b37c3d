import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureDirectory } from '../../platform/directory.ts';
import { readManifest } from '../../publish/manifest.ts';
import { type Layout, publishedPlace } from '../../publish/published-place.ts';

/** A list of paths in a file, for a command that reads it. Disposal removes it. */
export interface ChangedFiles extends AsyncDisposable {
  readonly path: string;
}

/** Writes one path a line. The calls of one target never overlap, so that one name is enough for all of them. */
export async function writeChangedFiles(stateDir: string, paths: readonly string[]): Promise<ChangedFiles> {
  const path = join(stateDir, 'changed-files');
  const remove = () => rm(path, { force: true });
  await ensureDirectory(stateDir, 0o700);
  await remove();
  await writeFile(path, paths.map((one) => `${lineOf(one)}\n`).join(''), { flag: 'wx', mode: 0o600 });
  return { path, [Symbol.asyncDispose]: () => remove().catch(() => undefined) };
}

/** Every path of the set that is published; undefined when none can be read. */
export async function publishedPaths(layout: Layout): Promise<readonly string[] | undefined> {
  const place = await publishedPlace(layout);
  const manifest = place && (await readManifest(place.directory));
  return manifest?.files.map(({ path }) => path);
}

/** A path that one line cannot hold, or that looks like what is written instead, is written as a JSON string. */
function lineOf(path: string): string {
  return /^"|[\n\r]/.test(path) ? JSON.stringify(path) : path;
}
