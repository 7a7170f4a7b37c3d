import type { Dirent } from 'node:fs';
import { readdir, readlink, stat } from 'node:fs/promises';
import { MissingError, RefusedError, systemCode } from '../failure/failure.ts';
import type { RelativePath } from '../snapshot/entry.ts';
import type { PathFilter } from '../snapshot/path-filter.ts';
import { parsePath } from '../snapshot/path-rules.ts';

export interface LocalFile {
  readonly kind: 'file';
  readonly path: RelativePath;
  /** Where it is on this machine. */
  readonly place: string;
  readonly executable: boolean;
}

export interface LocalLink {
  readonly kind: 'link';
  readonly path: RelativePath;
  readonly target: string;
}

export interface LocalSet {
  readonly entries: readonly (LocalFile | LocalLink)[];
  /** Git's own directories, which no set is to hold. */
  readonly leftOut: readonly string[];
}

const git = Buffer.from('.git');

type Globs = Pick<PathFilter, 'takes' | 'excludes'>;

/** Lists what the globs take of a directory, in the order of its paths. Links are listed, and not followed. */
export async function listDirectory(root: string, globs: Globs, signal: AbortSignal): Promise<LocalSet> {
  await requireDirectory(root);
  const walk = new Walk(root, globs, signal);
  await walk.enter(Buffer.alloc(0));
  return { entries: walk.entries.toSorted((a, b) => (a.path < b.path ? -1 : 1)), leftOut: walk.leftOut };
}

class Walk {
  readonly entries: (LocalFile | LocalLink)[] = [];
  readonly leftOut: string[] = [];
  readonly #root: string;
  readonly #globs: Globs;
  readonly #signal: AbortSignal;

  constructor(root: string, globs: Globs, signal: AbortSignal) {
    this.#root = root;
    this.#globs = globs;
    this.#signal = signal;
  }

  /** Names are bytes: one that is no UTF-8 would else be listed as another one. */
  async enter(prefix: Buffer): Promise<void> {
    this.#signal.throwIfAborted();
    const directory = this.#placeOf(prefix);
    const options = { encoding: 'buffer', withFileTypes: true } as const;
    for (const entry of await readable(readdir(directory, options), directory.toString())) {
      const raw = Buffer.concat([prefix, entry.name]);
      const shown = raw.toString();
      if (this.#globs.excludes(shown)) continue;
      if (entry.name.equals(git)) this.leftOut.push(shown);
      else if (entry.isDirectory()) await this.enter(Buffer.concat([raw, Buffer.from('/')]));
      else if (this.#globs.takes(shown)) await this.#take(entry, raw);
    }
  }

  #placeOf(raw: Buffer): Buffer {
    return Buffer.concat([Buffer.from(`${this.#root}/`), raw]);
  }

  async #take(entry: Dirent<Buffer>, raw: Buffer): Promise<void> {
    const path = parsePath(raw);
    const place = this.#placeOf(raw);
    const shown = place.toString();
    if (entry.isSymbolicLink()) {
      const target = await readable(readlink(place), shown);
      this.entries.push({ kind: 'link', path, target });
    } else if (entry.isFile()) {
      const { mode } = await readable(stat(place), shown);
      this.entries.push({ kind: 'file', path, place: shown, executable: (mode & 0o100) !== 0 });
    } else {
      throw new RefusedError({
        problem: `${JSON.stringify(shown)} is neither a file nor a directory nor a symbolic link`,
        cure: 'remove it, or leave it out with --exclude',
      });
    }
  }
}

async function requireDirectory(root: string): Promise<void> {
  const found = await stat(root).catch((error: unknown) => {
    if (!['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) throw unreadable(root, error);
    throw new MissingError({ problem: `${root} is not there`, cure: 'name the directory to release' });
  });
  if (found.isDirectory()) return;
  throw new MissingError({ problem: `${root} is not a directory`, cure: 'name the directory to release' });
}

/** Runs something that reads this machine's files. */
export async function readable<T>(reading: Promise<T>, shown: string): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    throw unreadable(shown, error);
  }
}

function unreadable(shown: string, error: unknown): RefusedError {
  return new RefusedError({
    problem: `${shown} cannot be read (${systemCode(error) ?? String(error)})`,
    cure: 'make it readable for this user, or leave it out with --exclude',
    cause: error,
  });
}
