import { RefusedError } from '../../../failure/failure.ts';
import type { Log } from '../../../platform/log.ts';
import type { RelativePath } from '../../../snapshot/entry.ts';
import type { PathFilter } from '../../../snapshot/path-filter.ts';
import { parsePath } from '../../../snapshot/path-rules.ts';
import type { ListedObject } from '../store/store.ts';

export interface KeyRules {
  /** Stripped from every key. Empty, or with a slash at its end. */
  readonly prefix: string;
  /** What named the prefix, for errors. */
  readonly setting: string;
  /** Which keys are of the set, by their path. */
  readonly filter: PathFilter;
  /** A key that lies below the prefix, and is not of the set. */
  readonly marker: string | undefined;
  /** What becomes of a set with a key that cannot be a path. */
  readonly badKeys: 'refuse' | 'skip';
  readonly log: Log;
}

/** As many are named in a warning. */
const named = 10;

/** Classes of which nothing can be read before somebody restores it. */
const archives: ReadonlySet<string> = new Set(['GLACIER', 'DEEP_ARCHIVE']);

/** What the keys of a bucket are in a set of files. It judges a whole listing, before anything of it is fetched. */
export class Keys {
  readonly #rules: KeyRules;
  /** What was warned of last: a listing that is taken again is no news. */
  #told = '';

  constructor(rules: KeyRules) {
    this.#rules = rules;
  }

  /** Whether the key is of the set, or would be if it could be a path. What the globs leave out is not judged. */
  concern(key: string): boolean {
    const { prefix, filter, marker } = this.#rules;
    return key !== marker && filter.takes(key.slice(prefix.length));
  }

  /**
   * The path of each object that concerns the set. Throws `RefusedError` naming a key that cannot be a path, unless
   * such are skipped, and one whose content cannot be read.
   */
  paths<T extends ListedObject>(objects: Iterable<T>): ReadonlyMap<RelativePath, T> {
    const files = new Map<RelativePath, T>();
    const skipped: string[] = [];
    for (const object of objects) {
      if (!this.concern(object.key) || isDirectory(object)) continue;
      const path = this.#path(object.key);
      if (path === undefined) {
        skipped.push(object.key);
        continue;
      }
      if (object.storageClass !== undefined && archives.has(object.storageClass)) {
        throw archived(object, this.#rules.setting);
      }
      files.set(path, object);
    }
    this.#warn(skipped, lookalikes(files.keys()));
    return files;
  }

  /** Undefined for a key that is skipped. */
  #path(key: string): RelativePath | undefined {
    const { prefix, setting, badKeys } = this.#rules;
    try {
      return pathOf({ key, setting }, key.slice(prefix.length));
    } catch (error) {
      if (error instanceof RefusedError && badKeys === 'skip') return undefined;
      throw error;
    }
  }

  #warn(skipped: readonly string[], alike: readonly (readonly string[])[]): void {
    const told = JSON.stringify([skipped, alike]);
    if (told === this.#told) return;
    this.#told = told;
    const { log } = this.#rules;
    if (skipped.length > 0) {
      const fields = { keys: skipped.slice(0, named), count: skipped.length, setting: 'WHERRY_S3_BAD_KEYS' };
      log.warn(fields, 'these keys cannot be paths, and are left out');
    }
    if (alike.length > 0) {
      const fields = { paths: alike.slice(0, named), count: alike.length };
      log.warn(fields, 'these paths differ only by case or by how their letters are composed');
    }
  }
}

/** Consoles make an empty object of such a key to show a directory. */
export function isDirectory({ key, size }: ListedObject): boolean {
  return key.endsWith('/') && size === 0;
}

interface NamedKey {
  readonly key: string;
  readonly setting: string;
}

function pathOf(named: NamedKey, relative: string): RelativePath {
  if (!named.key.isWellFormed()) throw badKey(named, 'it is not UTF-8');
  if (relative === '' || relative.endsWith('/')) throw badKey(named, 'it is a directory, and has content');
  try {
    return parsePath(relative);
  } catch (error) {
    throw error instanceof RefusedError ? badKey(named, error.details.problem, error) : error;
  }
}

function badKey({ key, setting }: NamedKey, why: string, cause?: Error): RefusedError {
  return new RefusedError({
    setting,
    problem: `the key ${shown(key)} cannot be a path: ${why}`,
    cure: 'rename it in the bucket, leave it out with WHERRY_EXCLUDE, or set WHERRY_S3_BAD_KEYS=skip',
    cause,
  });
}

function archived({ key, storageClass }: ListedObject, setting: string): RefusedError {
  return new RefusedError({
    setting,
    problem: `the object ${shown(key)} is archived (storage class ${storageClass}), and cannot be read`,
    cure: 'copy it to another storage class, or leave it out with WHERRY_EXCLUDE',
  });
}

function shown(key: string): string {
  return JSON.stringify(key.length > 300 ? `${key.slice(0, 300)}…` : key);
}

/** Groups of paths that some file systems, and most people, take for one. */
function lookalikes(paths: Iterable<string>): readonly (readonly string[])[] {
  const groups = new Map<string, string | string[]>();
  const many: string[][] = [];
  for (const path of paths) {
    const folded = path.normalize('NFC').toLowerCase();
    const before = groups.get(folded);
    if (before === undefined) groups.set(folded, path);
    else if (typeof before !== 'string') before.push(path);
    else {
      const group = [before, path];
      groups.set(folded, group);
      many.push(group);
    }
  }
  return many;
}
