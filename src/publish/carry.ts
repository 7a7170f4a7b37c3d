import { hash } from 'node:crypto';
import { closeSync, constants, copyFileSync, lstatSync, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { inSlices } from '../platform/slices.ts';
import type { FileEntry, RelativePath } from '../snapshot/entry.ts';
import { manifestName } from '../snapshot/path-rules.ts';
import { isOfContent, type Manifest, type ManifestFile } from './manifest.ts';

export interface CarryOptions {
  readonly from: string;
  readonly to: string;
  readonly manifest: Pick<Manifest, 'files'>;
  /**
   * Milliseconds since 1970: what was touched later is not what was published. Undefined = since the manifest of the
   * same directory was written, which is done last.
   */
  readonly trustedUntil: number | undefined;
  /** Octal, as the manifest writes it. */
  readonly modeOf: (file: FileEntry) => string;
  readonly onCarried: (file: ManifestFile) => void;
}

/** Up to this a file is read and written in one go; above it the kernel copies, and may share the blocks. */
const buffer = Buffer.allocUnsafeSlow(64 * 1024);

/**
 * Copies the unchanged files of a generation, and gives back those that the source must write. A file that something
 * else touched since it was published is not trusted, nor a small one whose digest is another.
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
      copyUntouched(join(from, file.path), join(to, file.path), known, trustedUntil)
    ) {
      onCarried(known);
    } else missing.push(file);
  });
  return missing;
}

function copyUntouched(from: string, to: string, known: ManifestFile, trustedUntil: number): boolean {
  const stat = lstatSync(from, { throwIfNoEntry: false });
  if (stat?.isFile() !== true || stat.size !== known.size || stat.ctimeMs > trustedUntil) return false;
  if (known.size > buffer.byteLength) {
    copyFileSync(from, to, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
    return true;
  }
  const content = readWhole(from, known.size);
  if (content === undefined || hash('sha256', content) !== known.sha256) return false;
  const target = openSync(to, 'wx', Number.parseInt(known.mode, 8));
  try {
    for (let offset = 0; offset < content.byteLength; ) offset += writeSync(target, content, offset);
  } finally {
    closeSync(target);
  }
  return true;
}

/** Undefined when there is less than there was a moment ago. */
function readWhole(path: string, size: number): Uint8Array | undefined {
  const source = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    return readSync(source, buffer, 0, size, 0) === size ? buffer.subarray(0, size) : undefined;
  } finally {
    closeSync(source);
  }
}
