import type { Manifest, ManifestEntry } from './manifest.ts';

/** Paths whose content, mode or existence differs between two sets, in order. */
export function changedPaths(
  before: Pick<Manifest, 'files'>,
  after: Pick<Manifest, 'files'>,
): readonly string[] {
  const old = new Map<string, string>(before.files.map((entry) => [entry.path, markOf(entry)]));
  const changed: string[] = [];
  for (const entry of after.files) {
    if (old.get(entry.path) !== markOf(entry)) changed.push(entry.path);
    old.delete(entry.path);
  }
  return [...changed, ...old.keys()].toSorted();
}

function markOf(entry: ManifestEntry): string {
  return 'link' in entry ? `-> ${entry.link}` : `${entry.mode} ${entry.sha256}`;
}
