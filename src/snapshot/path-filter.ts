/** Which paths WHERRY_INCLUDE and WHERRY_EXCLUDE let into the set; paths are relative to what becomes the set. */
export interface PathFilter {
  /** True when there are globs at all. */
  readonly isPartial: boolean;
  /** Whether the globs take this path. */
  takes(path: string): boolean;
  /** Whether the globs leave out this path, or a directory above it. */
  excludes(path: string): boolean;
}

export interface Globs {
  readonly include: readonly string[] | undefined;
  readonly exclude: readonly string[] | undefined;
}

export async function pathFilterOf({ include = [], exclude = [] }: Globs): Promise<PathFilter> {
  const included = await matcher(include);
  const excluded = await matcher(exclude);
  const excludes = excluded === undefined ? () => false : withAllBelow(excluded);
  return {
    isPartial: included !== undefined || excluded !== undefined,
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
