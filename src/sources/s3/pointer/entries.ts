import { RefusedError } from '../../../failure/failure.ts';
import { formatSize } from '../../../platform/units.ts';
import { contentFingerprint } from '../../../snapshot/content-fingerprint.ts';
import type { Entry } from '../../../snapshot/entry.ts';
import type { PathFilter } from '../../../snapshot/path-filter.ts';
import { parsePath } from '../../../snapshot/path-rules.ts';
import type { Named, NamedFile } from './document.ts';

export interface Limits {
  readonly maxFiles: number;
  readonly maxBytes: number;
}

export interface NamedSet {
  readonly entries: readonly Entry[];
  /** What holds the content of each file, by its path. */
  readonly objects: ReadonlyMap<string, NamedFile>;
}

/** Makes entries of what a release names, as far as the globs take it. Nothing has been fetched yet, and too much never is. */
export function namedSet(
  named: readonly Named[],
  { takes }: Pick<PathFilter, 'takes'>,
  limits: Limits,
): NamedSet {
  const taken = named.filter(({ path }) => takes(path));
  checkLimits(taken, limits);
  const objects = new Map<string, NamedFile>();
  const entries = taken.map((item): Entry => {
    const path = parsePath(item.path);
    if (item.kind === 'link') return { kind: 'link', path, target: item.target };
    objects.set(path, item);
    return { kind: 'file', path, executable: item.executable, fingerprint: contentFingerprint(item.sha256) };
  });
  return { entries, objects };
}

function checkLimits(taken: readonly Named[], { maxFiles, maxBytes }: Limits): void {
  const cure = 'take a part with globs, or raise the limit';
  if (taken.length > maxFiles) {
    const problem = `the release has ${taken.length} files, more than ${maxFiles}`;
    throw new RefusedError({ setting: 'WHERRY_MAX_FILES', problem, cure });
  }
  let bytes = 0;
  for (const item of taken) if (item.kind === 'file') bytes += item.size;
  if (bytes > maxBytes) {
    const problem = `the release has ${bytes} bytes, more than ${formatSize(maxBytes)}`;
    throw new RefusedError({ setting: 'WHERRY_MAX_BYTES', problem, cure });
  }
}
