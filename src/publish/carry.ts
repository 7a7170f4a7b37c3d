import { hash } from 'node:crypto';
import { closeSync, constants, copyFileSync, lstatSync, openSync, readSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemCode } from '../failure/failure.ts';
import { inSlices } from '../platform/slices.ts';
import type { FileEntry, RelativePath } from '../snapshot/entry.ts';
import { manifestName } from '../snapshot/path-rules.ts';
import { isOfContent, type Manifest, type ManifestFile } from './manifest.ts';

export interface CarryOptions {
  readonly from: string;
  readonly to: string;
  readonly manifest: Pick<Manifest, 'files'>;
  /**
   * Milliseconds since 1970: a large file that was touched later is not what was published. Undefined = since the manifest of the
   * same directory was written, which is done last.
   */
  readonly trustedUntil: number | undefined;
  /** Octal, as the manifest writes it. */
  readonly modeOf: (file: FileEntry) => string;
  readonly onCarried: (file: ManifestFile) => void;
}

/** A smaller file is read and written in one go; a larger one the kernel copies, and may share the blocks. */
const buffer = Buffer.allocUnsafeSlow(64 * 1024);

/**
 * Copies the unchanged files of a generation, and gives back those that the source must write. A small file is not
 * trusted when its digest is another, nor a large one that something else touched since it was published.
 */
export async function carryUnchanged(
  files: readonly FileEntry[],
  options: CarryOptions,
): Promise<FileEntry[]> {
  const { from, to, manifest, modeOf, onCarried } = options;
  const trustedUntil = options.trustedUntil ?? lstatSync(join(from, manifestName)).ctimeMs;
  const held = new Map<RelativePath, ManifestFile>();
  for (const file of manifest.files) if (!('link' in file)) held.set(file.path, file);
  const missing: FileEntry[] = [];
  await inSlices(files, (file) => {
    const known = held.get(file.path);
    if (
      known !== undefined &&
      known.mode === modeOf(file) &&
      isOfContent(known, file.fingerprint) &&
      copyUntouched(`${from}/${file.path}`, `${to}/${file.path}`, known, trustedUntil)
    ) {
      onCarried(known);
    } else missing.push(file);
  });
  return missing;
}

function copyUntouched(from: string, to: string, known: ManifestFile, trustedUntil: number): boolean {
  return known.size < buffer.byteLength
    ? copyChecked(from, to, known)
    : copyByKernel(from, to, known, trustedUntil);
}

/** Its digest says more than any time. */
function copyChecked(from: string, to: string, { size, sha256, mode }: ManifestFile): boolean {
  const content = readExactly(from, size);
  if (content === undefined || hash('sha256', content) !== sha256) return false;
  writeFileSync(to, content, { flag: 'wx', mode: Number.parseInt(mode, 8) });
  return true;
}

function copyByKernel(from: string, to: string, known: ManifestFile, trustedUntil: number): boolean {
  const stat = lstatSync(from, { throwIfNoEntry: false });
  if (stat?.isFile() !== true || stat.size !== known.size || stat.ctimeMs > trustedUntil) return false;
  copyFileSync(from, to, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
  return true;
}

/** Undefined for what is no file any more, or one of another size. */
function readExactly(path: string, size: number): Uint8Array | undefined {
  let source: number;
  try {
    source = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (isNoFile(error)) return undefined;
    throw error;
  }
  try {
    return readSync(source, buffer, 0, size + 1, 0) === size ? buffer.subarray(0, size) : undefined;
  } catch (error) {
    if (isNoFile(error)) return undefined;
    throw error;
  } finally {
    closeSync(source);
  }
}

function isNoFile(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO', 'EISDIR', 'ESPIPE'].includes(systemCode(error) ?? '');
}
