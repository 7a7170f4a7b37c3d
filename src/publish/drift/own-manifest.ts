import { createHash } from 'node:crypto';
import { lstat, open, readFile, rename, rm, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemCode } from '../../failure/failure.ts';
import { fsyncPath } from '../../platform/flush.ts';
import { contentFingerprint } from '../../snapshot/content-fingerprint.ts';
import { manifestName } from '../../snapshot/path-rules.ts';
import { digestOf, isManifest, type Manifest } from '../manifest.ts';
import { onTarget } from '../target-errors.ts';
import { within } from './within.ts';

/** What the state knows of the published set: a manifest that says otherwise is not to be believed. */
export interface Known {
  readonly digest: string;
  readonly sequence: number;
  readonly revision: string;
}

export interface ReadOwn {
  readonly manifest: Manifest;
  /** Of its text, to know it again. */
  readonly mark: string;
  /** What it says besides the files is another set's: somebody edited it. */
  readonly isEdited: boolean;
}

/**
 * The manifest of the published set; undefined when it is gone, or its files are not those that were published. What it is
 * called in its source is not covered by the digest: from a text that is not the one that was written it is not taken.
 */
export async function readOwnManifest(
  directory: string,
  known: Known,
  mark: string | undefined,
): Promise<ReadOwn | undefined> {
  // A volume that cannot read it now says nothing about it.
  const text = await onTarget(readFile(join(directory, manifestName), 'utf8').catch(ignoreOther));
  const manifest = text === undefined ? undefined : parsed(text);
  if (text === undefined || manifest === undefined) return undefined;
  if (manifest.digest !== known.digest) return undefined;
  try {
    if (digestOf(manifest.files, manifest.dirMode, manifest.layers) !== known.digest) return undefined;
  } catch {
    return undefined;
  }
  const found = createHash('sha256').update(text).digest('base64');
  const { sequence, revision } = manifest;
  const isEdited =
    (mark !== undefined && found !== mark) || sequence !== known.sequence || revision !== known.revision;
  return { manifest: isEdited ? withoutNames(manifest) : manifest, mark: found, isEdited };
}

/** What is there under its name is no file of Wherry's, or nothing is. */
function ignoreOther(error: unknown): undefined {
  if (['ENOENT', 'ENOTDIR', 'EISDIR', 'ELOOP'].includes(systemCode(error) ?? '')) return undefined;
  throw error;
}

/** No file of the set was changed after this, as far as its change time can tell. Milliseconds. */
export async function sealedAt(directory: string): Promise<number> {
  const { mtimeMs, ctimeMs } = await lstat(join(directory, manifestName));
  return Math.min(mtimeMs, ctimeMs);
}

/**
 * Replaces the manifest of a set that stays what it is. It keeps the time of the first one: what was changed since then and
 * is not found yet must not count as older than the manifest.
 */
export async function rewriteManifest(
  directory: string,
  manifest: Manifest,
  { fileMode, fsync, sealed }: RewriteOptions,
): Promise<string> {
  const text = `${JSON.stringify(manifest)}\n`;
  const path = join(directory, manifestName);
  const temporary = `${path}.tmp`;
  await within(directory, async () => {
    await rm(temporary, { force: true, recursive: true });
    {
      await using file = await open(temporary, 'wx', fileMode);
      await file.writeFile(text);
      if (fsync) await file.sync();
    }
    await utimes(temporary, sealed / 1000, sealed / 1000);
    await rename(temporary, path);
  });
  if (fsync) await fsyncPath(dirname(path));
  return createHash('sha256').update(text).digest('base64');
}

export interface RewriteOptions {
  readonly fileMode: number;
  readonly fsync: boolean;
  readonly sealed: number;
}

/** Every file is called by its content alone. */
function withoutNames(manifest: Manifest): Manifest {
  const files = manifest.files.map((entry) =>
    'link' in entry ? entry : { ...entry, fingerprint: contentFingerprint(entry.sha256) },
  );
  return { ...manifest, files };
}

function parsed(text: string): Manifest | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isManifest(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
