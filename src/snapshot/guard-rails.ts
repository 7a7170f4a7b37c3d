import { RefusedError } from '../failure/failure.ts';
import { formatSize } from '../platform/units.ts';
import type { Entry } from './entry.ts';

export interface GuardRails {
  readonly maxFiles: number;
  /** Share from 0 to 1 of the published files that one change may drop. */
  readonly maxDelete: number;
  readonly require: readonly string[];
  readonly allowEmpty: boolean;
  /** A listing that lost most of the published files is more likely a lie than a wish. */
  readonly refuseCollapse: boolean;
  /** Paths of the target that no set may have. */
  readonly kept: readonly KeptPath[];
}

/** A file beside the set, relative to the target. */
export interface KeptPath {
  readonly setting: string;
  readonly path: string;
}

/** Refuses a set that is plainly not meant, before anything of it is written. `published` are the paths readers see. */
export function checkGuardRails(
  entries: readonly Entry[],
  published: ReadonlySet<string>,
  { maxFiles, maxDelete, require, allowEmpty, refuseCollapse, kept }: GuardRails,
): void {
  if (entries.length === 0 && !allowEmpty) {
    throw new RefusedError({
      setting: 'WHERRY_ALLOW_EMPTY',
      problem: 'the set is empty',
      cure: 'check the path or prefix in the source and the globs, or set WHERRY_ALLOW_EMPTY=true',
    });
  }
  if (refuseCollapse) checkCollapse(entries.length, published.size);
  if (entries.length > maxFiles) {
    throw new RefusedError({
      setting: 'WHERRY_MAX_FILES',
      problem: `the set has ${entries.length} files, more than ${maxFiles}`,
      cure: 'take a part with globs (or a path of the source), or raise the limit',
    });
  }
  const paths = new Set<string>(entries.map(({ path }) => path));
  const missing = require.filter((path) => !paths.has(path.replace(/^\.\//, '')));
  if (missing.length > 0) {
    throw new RefusedError({
      setting: 'WHERRY_REQUIRE',
      problem: `the set lacks ${missing.map((path) => JSON.stringify(path)).join(', ')}`,
      cure: 'bring it back in the source, or take it off the list',
    });
  }
  for (const { setting, path } of kept) {
    const [name = path] = path.split('/');
    if (![...paths].some((other) => other === name || other.startsWith(`${name}/`))) continue;
    throw new RefusedError({
      setting,
      problem: `the set has the name ${JSON.stringify(name)}, which is kept for ${JSON.stringify(path)}`,
      cure: 'choose another path, beside the published names',
    });
  }
  const dropped = [...published].filter((path) => !paths.has(path)).length;
  if (dropped > maxDelete * published.size) {
    throw new RefusedError({
      setting: 'WHERRY_MAX_DELETE',
      problem: `the set drops ${dropped} of the ${published.size} published files, more than ${Math.round(maxDelete * 100)}%`,
      cure: 'raise the limit for this change if it is meant',
    });
  }
}

/** A listing that lost more than half of what is published is refused. */
export function checkCollapse(listed: number, published: number): void {
  if (listed >= published / 2) return;
  throw new RefusedError({
    setting: 'WHERRY_ALLOW_EMPTY',
    problem: `the listing has ${listed === 1 ? '1 file' : `${listed} files`} where ${published} are published, less than half`,
    cure: 'look at what is below the prefix; if it is meant, set WHERRY_ALLOW_EMPTY=true for this change',
  });
}

/** Refuses a set that is too large as far as its source tells, before anything of it is fetched. */
export function checkKnownSize(entries: readonly Entry[], maxBytes: number): void {
  let bytes = 0;
  for (const entry of entries) if (entry.kind === 'file') bytes += entry.size ?? 0;
  if (bytes > maxBytes) throw tooLarge(maxBytes);
}

export function tooLarge(maxBytes: number): RefusedError {
  return new RefusedError({
    setting: 'WHERRY_MAX_BYTES',
    problem: `the set is larger than ${formatSize(maxBytes)}`,
    cure: 'take a part with globs (or a path of the source), or raise the limit',
  });
}
