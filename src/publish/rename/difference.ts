import type { Manifest, ManifestEntry } from '../manifest.ts';
import { finderIn } from './ordered.ts';
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
  const former = current?.manifest.files ?? [];
  const find = finderIn(former);
  const changes = files.filter((entry) => {
    const known = find(entry.path);
    return known === undefined || unsure.has(entry.path) || !isSameFile(known, entry);
  });
  const findNext = finderIn(files);
  const removals = new Set<string>();
  for (const { path } of former) if (findNext(path) === undefined) removals.add(path);
  for (const path of unsure) if (findNext(path) === undefined) removals.add(path);
  return { changes, removals: [...removals] };
}

/** Whether two sets have the same at a path. */
export function isSameFile(one: ManifestEntry, other: ManifestEntry): boolean {
  if (one === other) return true;
  if ('link' in one || 'link' in other) return 'link' in one && 'link' in other && one.link === other.link;
  return one.sha256 === other.sha256 && one.mode === other.mode;
}
