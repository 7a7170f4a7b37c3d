import { dirname } from 'node:path';
import type { Manifest } from '../manifest.ts';

/** In the place of a mode: the entry is a symbolic link. */
const isLink = 0xffff;

/**
 * What a check of the published files needs to know of each, in some thirty bytes and its path: the manifest itself would
 * take twenty times as much in a process that is idle nearly always. Entries are named by their place in the manifest.
 */
export class Inventory {
  readonly #paths: string;
  readonly #ends: Uint32Array;
  readonly #sizes: Float64Array;
  readonly #modes: Uint16Array;
  readonly #links = new Map<number, string>();
  /** The change time at which each was last seen to be well; NaN = never. */
  readonly #wellAt: Float64Array;

  constructor({ files }: Pick<Manifest, 'files'>) {
    this.#paths = files.map(({ path }) => path).join('');
    this.#ends = new Uint32Array(files.length);
    this.#sizes = new Float64Array(files.length);
    this.#modes = new Uint16Array(files.length);
    this.#wellAt = new Float64Array(files.length).fill(Number.NaN);
    let end = 0;
    for (const [index, entry] of files.entries()) {
      end += entry.path.length;
      this.#ends[index] = end;
      if ('link' in entry) {
        this.#links.set(index, entry.link);
        this.#modes[index] = isLink;
      } else {
        this.#sizes[index] = entry.size;
        this.#modes[index] = Number.parseInt(entry.mode, 8);
      }
    }
  }

  get length(): number {
    return this.#ends.length;
  }

  path(index: number): string {
    return this.#paths.slice(this.#ends[index - 1] ?? 0, this.#ends[index]);
  }

  size(index: number): number {
    return this.#sizes[index] ?? 0;
  }

  mode(index: number): number {
    return this.#modes[index] ?? 0;
  }

  /** The text of a symbolic link; undefined for a file. */
  link(index: number): string | undefined {
    return this.#links.get(index);
  }

  /** Files that lie at the same paths may not have been touched since they were last looked at. */
  takeOver(earlier: Inventory): void {
    for (let index = 0; index < this.length; index += 1) {
      const [known] = earlier.at(this.path(index));
      if (known !== undefined && earlier.path(known) === this.path(index))
        this.setWellAt(index, earlier.wellAt(known));
    }
  }

  wellAt(index: number): number {
    return this.#wellAt[index] ?? Number.NaN;
  }

  setWellAt(index: number, changeTime: number): void {
    this.#wellAt[index] = changeTime;
  }

  /** The entry of this path, or all entries below it when it is a directory of the set. */
  at(path: string): readonly number[] {
    const index = this.#firstFrom(path);
    if (index < this.length && this.path(index) === path) return [index];
    return this.below(path);
  }

  /** The entries below a directory; all for the empty path. */
  below(directory: string): readonly number[] {
    const prefix = directory === '' ? '' : `${directory}/`;
    const found: number[] = [];
    for (let index = this.#firstFrom(prefix); index < this.length; index += 1) {
      if (!this.path(index).startsWith(prefix)) break;
      found.push(index);
    }
    return found;
  }

  has(path: string): boolean {
    const exact = this.#firstFrom(path);
    if (exact < this.length && this.path(exact) === path) return true;
    const below = this.#firstFrom(`${path}/`);
    return below < this.length && this.path(below).startsWith(`${path}/`);
  }

  /** The directories of the set, parents first; the root is the empty path. */
  directories(): ReadonlySet<string> {
    const found = new Set(['']);
    for (let index = 0; index < this.length; index += 1) addParents(found, this.path(index));
    return found;
  }

  /** The first entry whose path does not come before this one. */
  #firstFrom(path: string): number {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.path(middle) < path) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** The directory that a path of the set lies in; empty for the root. */
export function parentOf(path: string): string {
  const parent = dirname(path);
  return parent === '.' ? '' : parent;
}

function addParents(known: Set<string>, path: string): void {
  const parent = parentOf(path);
  if (known.has(parent)) return;
  addParents(known, parent);
  known.add(parent);
}
