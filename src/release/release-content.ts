import { createHash } from 'node:crypto';
import type { Named, NamedFiles, Release } from '../sources/s3/pointer/document.ts';
import type { LocalSet } from './directory.ts';
import type { Hashed } from './hash-files.ts';
import { blobKey, type Place } from './place.ts';

/** What a release names: each path with the object of its content. */
export function filesOf({ entries }: LocalSet, hashed: readonly Hashed[], place: Place): NamedFiles {
  const byPath = new Map<string, Hashed>(hashed.map((file) => [file.path, file]));
  const files = entries.flatMap((entry): Named[] => {
    if (entry.kind === 'link') return [entry];
    const { path, size, sha256, executable } = byPath.get(entry.path) ?? missing(entry.path);
    return [{ kind: 'file', path, key: blobKey(place, sha256), sha256, size, executable }];
  });
  return { kind: 'files', files };
}

function missing(path: string): never {
  throw new Error(`${path} was not read`);
}

/** Equal digests, equal sets: paths, modes, contents and links, wherever they lie. */
function digestOf({ files }: NamedFiles): string {
  const hash = createHash('sha256');
  for (const file of files.toSorted((a, b) => (a.path < b.path ? -1 : 1))) {
    const fields =
      file.kind === 'link' ? [file.path, file.target] : [file.path, file.executable, file.size, file.sha256];
    hash.update(`${JSON.stringify(fields)}\n`);
  }
  return hash.digest('hex');
}

/** True when a release has these files already. A form that names them in another way is taken for different. */
export function hasFiles({ content }: Release, files: NamedFiles): boolean {
  return content.kind === 'files' && digestOf(content) === digestOf(files);
}

/** `20261122T235959Z-3f2a9c01`: by time for people, by content for certainty. */
export function revOf(files: NamedFiles, time: Date): string {
  const compact = time.toISOString().replace(/[-:]|\.\d+/g, '');
  return `${compact}-${digestOf(files).slice(0, 8)}`;
}

export function bytesOf({ content }: Release): number {
  switch (content.kind) {
    case 'files': {
      let bytes = 0;
      for (const file of content.files) if (file.kind === 'file') bytes += file.size;
      return bytes;
    }
    case 'archive':
      return content.size;
    case 'manifest':
      return 0;
  }
}
