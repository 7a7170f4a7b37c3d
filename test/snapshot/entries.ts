import type { FileEntry, Fingerprint, LinkEntry, RelativePath } from '../../src/snapshot/entry.ts';

export function file(path: string, content = path, executable = false): FileEntry {
  return {
    kind: 'file',
    path: path as RelativePath,
    executable,
    fingerprint: `test:${content}` as Fingerprint,
  };
}

export function link(path: string, target: string): LinkEntry {
  return { kind: 'link', path: path as RelativePath, target };
}
