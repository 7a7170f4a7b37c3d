import type { Settings } from '../../settings/schema.ts';

/** Which part of a repository is the set. */
export interface Selection {
  /** WHERRY_GIT_PATH by its elements; none = the whole repository. */
  readonly root: readonly string[];
  /** True when less than the whole tree is taken, so that other contents need not be fetched. */
  readonly partial: boolean;
  /** Whether the globs take this path, which is relative to the root. */
  takes(path: string): boolean;
  /** Whether the globs leave out this path, or a directory above it. */
  excludes(path: string): boolean;
}

export async function selectionOf({ gitPath, include, exclude }: Settings): Promise<Selection> {
  const root = (gitPath ?? '.').split('/').filter((element) => element !== '' && element !== '.');
  const included = await matcher(include ?? []);
  const excluded = await matcher(exclude ?? []);
  const excludes = excluded === undefined ? () => false : withAllBelow(excluded);
  return {
    root,
    partial: root.length > 0 || included !== undefined || excluded !== undefined,
    takes: (path) => (included?.(path) ?? true) && !excludes(path),
    excludes,
  };
}

type Matches = (path: string) => boolean;

/** Who excludes `secrets` means the directory of that name too. */
function withAllBelow(matches: Matches): Matches {
  return (path) => {
    for (let end = path.indexOf('/'); end !== -1; end = path.indexOf('/', end + 1)) {
      if (matches(path.slice(0, end))) return true;
    }
    return matches(path);
  };
}

async function matcher(globs: readonly string[]): Promise<Matches | undefined> {
  if (globs.length === 0) return undefined;
  const { default: picomatch } = await import('picomatch');
  // A name may hold a newline, too.
  return picomatch([...globs], { dot: true, flags: 's' });
}
