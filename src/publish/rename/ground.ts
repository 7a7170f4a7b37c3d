import { readdirSync, type Stats } from 'node:fs';
import { dirname, join } from 'node:path';
import type { TargetError } from '../../failure/failure.ts';
import { findEntry } from '../find-entry.ts';
import { inTheWay } from '../links.ts';
import { Ownership } from './ownership.ts';
import type { Standing } from './standing.ts';

export interface GroundOptions {
  readonly target: string;
  readonly standing: Standing;
  /** Visible links that another mode made. */
  readonly formerLinks: ReadonlySet<string>;
  /** Whether a foreign file or link may be replaced. */
  readonly adopt: boolean;
}

type Kind = 'directory' | 'absent' | 'replaceable' | 'foreign';

/** For who replaces nothing. */
export function plainGround(target: string, standing: Standing): Ground {
  return new Ground({ target, standing, formerLinks: new Set(), adopt: false });
}

/** What really is under the names of a set. Every way to a path leads through directories, never through a link. */
export class Ground {
  readonly #options: GroundOptions;
  readonly #kinds = new Map<string, Kind>();
  readonly #own: Ownership;

  constructor(options: GroundOptions) {
    this.#options = options;
    this.#own = new Ownership(options.standing);
  }

  /** Whether a path is a directory, and everything above it too. */
  isDirectory(path: string): boolean {
    return path === '.' || this.#kindOf(path) === 'directory';
  }

  /** What a directory of the set finds; throws `TargetError` for what is not ours to replace. */
  directory(path: string): 'there' | 'absent' | 'replaceable' {
    const kind = this.#kindOf(path);
    if (kind === 'foreign') throw this.#inTheWay(path);
    return kind === 'directory' ? 'there' : kind;
  }

  /** What a file of the set finds: nothing that stops a rename, or a directory of ours, whose place it takes. */
  file(path: string): 'free' | 'directory' {
    const parent = dirname(path);
    if (parent !== '.' && this.directory(parent) !== 'there') return 'free';
    const found = this.#look(path);
    if (found === undefined) return 'free';
    if (!found.isDirectory()) {
      if (!this.#isReplaceable(path, found)) throw this.#inTheWay(path);
      return 'free';
    }
    const foreign = this.foreignIn(path);
    if (foreign !== undefined) throw inTheWay(join(this.#options.target, foreign));
    return 'directory';
  }

  /** Whether the path is at or below the name of a link that another mode made. */
  replacesLink(path: string): boolean {
    const { formerLinks } = this.#options;
    return formerLinks.size > 0 && formerLinks.has(path.split('/', 1)[0] ?? path);
  }

  /** The directory was put there a moment ago, with all that is in it. */
  arrived(path: string): void {
    this.#kinds.set(path, 'directory');
  }

  /** Whether paths of ours lie in a directory. */
  isInUse(path: string): boolean {
    return this.#own.isInUse(path);
  }

  /** Whether we made a directory that is there. */
  isOwnDirectory(path: string): boolean {
    return this.isInUse(path) && !this.#options.standing.guests.has(path);
  }

  /** The first path at or below a directory that is not ours; undefined when all of it is. */
  foreignIn(path: string): string | undefined {
    if (!this.isOwnDirectory(path)) return path;
    const { target } = this.#options;
    for (const entry of readdirSync(join(target, path), { withFileTypes: true })) {
      const inner = `${path}/${entry.name}`;
      const foreign = entry.isDirectory() ? this.foreignIn(inner) : this.#own.has(inner) ? undefined : inner;
      if (foreign !== undefined) return foreign;
    }
    return undefined;
  }

  /** A link above it may be what really is in the way. */
  #inTheWay(path: string): TargetError {
    const parent = dirname(path);
    if (parent !== '.' && this.#kindOf(parent) === 'foreign') return this.#inTheWay(parent);
    const found = this.#look(path);
    const isAdoptable = found?.isFile() === true || found?.isSymbolicLink() === true;
    return inTheWay(join(this.#options.target, path), isAdoptable);
  }

  #kindOf(path: string): Kind {
    const known = this.#kinds.get(path);
    if (known !== undefined) return known;
    const kind = this.#find(path);
    this.#kinds.set(path, kind);
    return kind;
  }

  #find(path: string): Kind {
    const parent = dirname(path);
    if (parent !== '.') {
      const above = this.#kindOf(parent);
      if (above !== 'directory') return above === 'foreign' ? 'foreign' : 'absent';
    }
    const found = this.#look(path);
    if (found === undefined) return 'absent';
    if (found.isDirectory()) return 'directory';
    return this.#isReplaceable(path, found) ? 'replaceable' : 'foreign';
  }

  #isReplaceable(path: string, found: Stats): boolean {
    const { formerLinks, adopt } = this.#options;
    if (this.#own.has(path)) return true;
    if (found.isSymbolicLink() && formerLinks.has(path)) return true;
    return adopt && (found.isFile() || found.isSymbolicLink());
  }

  #look(path: string): Stats | undefined {
    return findEntry(join(this.#options.target, path));
  }
}
