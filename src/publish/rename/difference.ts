import type { Manifest, ManifestEntry } from '../manifest.ts';
import type { Standing } from './standing.ts';

export interface Difference {
  /** Entries of the next set that are not in the target yet. */
  readonly changes: readonly ManifestEntry[];
  /** Paths that are ours and not in the next set. */
  readonly removals: readonly string[];
}

/** What the next set needs. Costs no system call: what is certain of the target is in memory. */
export function differenceOf(
  { current, unsure }: Pick<Standing, 'current' | 'unsure'>,
  { files }: Pick<Manifest, 'files'>,
): Difference {
  const held = new Map<string, ManifestEntry>();
  for (const entry of current?.manifest.files ?? []) held.set(entry.path, entry);
  const gone = new Set(unsure);
  const changes: ManifestEntry[] = [];
  for (const entry of files) {
    const known = held.get(entry.path);
    held.delete(entry.path);
    const isUnsure = gone.delete(entry.path);
    if (isUnsure || known === undefined || !isSameFile(known, entry)) changes.push(entry);
  }
  for (const path of held.keys()) gone.add(path);
  return { changes, removals: [...gone] };
}

/** Whether two sets have the same at a path. */
export function isSameFile(one: ManifestEntry, other: ManifestEntry): boolean {
  if (one === other) return true;
  if ('link' in one || 'link' in other) return 'link' in one && 'link' in other && one.link === other.link;
  return one.sha256 === other.sha256 && one.mode === other.mode;
}
