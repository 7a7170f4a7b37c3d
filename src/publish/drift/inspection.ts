import { lstatSync, readlinkSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { systemCode } from '../../failure/failure.ts';
import { inSlices } from '../../platform/slices.ts';
import type { Generation } from '../generation.ts';
import { contentDigest } from './content.ts';
import { type Damage, isModeOfDirectory, isModeOfFile } from './damage.ts';
import { type Inventory, parentOf } from './inventory.ts';

export interface InspectionOptions {
  readonly inventory: Inventory;
  readonly root: string;
  /** Of the set's directories. */
  readonly dirMode: number;
  /** The root is a directory of ours, and not the volume itself. */
  readonly ownsRoot: boolean;
  /** What has not been changed since then is as it was published. */
  readonly sealed: number;
  /** The manifest, when a digest is needed; undefined when it is not to be had. */
  readonly manifest: () => Promise<Generation['manifest'] | undefined>;
}

export interface Finding {
  readonly damages: readonly Damage[];
  /** Some could not be looked at, because a directory is closed: look again when that is repaired. */
  readonly isPartial: boolean;
}

type DirectoryState = 'well' | 'gone' | 'closed';

/** One look at some entries of the published set, or at all. Only what was changed since it was last well is read. */
export async function inspect(
  indices: Iterable<number>,
  options: InspectionOptions,
  signal: AbortSignal,
): Promise<Finding> {
  const look = new Look(options);
  await inSlices(indices, (index) => {
    signal.throwIfAborted();
    look.at(index);
  });
  await look.readSuspects(signal);
  return { damages: look.damages, isPartial: look.isPartial };
}

class Look {
  readonly damages: Damage[] = [];
  isPartial = false;
  readonly #options: InspectionOptions;
  readonly #directories = new Map<string, DirectoryState>();
  readonly #suspects: { readonly index: number; readonly stat: Stats }[] = [];

  constructor(options: InspectionOptions) {
    this.#options = options;
  }

  at(index: number): void {
    const { inventory, root, sealed } = this.#options;
    const path = inventory.path(index);
    const parent = this.#directory(parentOf(path));
    if (parent === 'closed') return;
    const stat = parent === 'well' ? lookAt(join(root, path)) : undefined;
    if (stat === 'closed') this.isPartial = true;
    else if (stat === undefined) this.#damaged(index);
    else if (inventory.link(index) !== undefined) this.#atLink(index, stat);
    else if (!stat.isFile() || stat.size !== inventory.size(index)) this.#damaged(index);
    else {
      const wellAt = inventory.wellAt(index);
      if (stat.ctimeMs === wellAt) return;
      const isUntouched = Number.isNaN(wellAt) && stat.ctimeMs <= sealed;
      if (isUntouched) this.#readable(index, stat);
      else this.#suspects.push({ index, stat });
    }
  }

  /** What was touched is well if it has the content that it had. */
  async readSuspects(signal: AbortSignal): Promise<void> {
    if (this.#suspects.length === 0) return;
    const { manifest: read, inventory, root } = this.#options;
    const manifest = await read();
    if (manifest === undefined) return;
    for (const { index, stat } of this.#suspects) {
      signal.throwIfAborted();
      const entry = manifest.files[index];
      if (entry === undefined || 'link' in entry) continue;
      const digest = await contentDigest(join(root, entry.path), inventory.size(index));
      if (digest === entry.sha256) this.#readable(index, stat);
      else if (digest === 'closed') this.#hidden(index, stat);
      else this.#damaged(index);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  #atLink(index: number, stat: Stats): void {
    const { inventory, root } = this.#options;
    const isWell =
      stat.isSymbolicLink() && textOf(join(root, inventory.path(index))) === inventory.link(index);
    if (!isWell) this.#damaged(index);
  }

  /** Its content is right. */
  #readable(index: number, stat: Stats): void {
    const { inventory } = this.#options;
    if (isModeOfFile(stat.mode, inventory.mode(index))) inventory.setWellAt(index, stat.ctimeMs);
    // Nobody but its owner may change the mode of what something else put there.
    else if (isOwn(stat)) this.damages.push({ kind: 'mode', path: inventory.path(index), index });
    else this.#damaged(index);
  }

  /** By its mode: it is read when it has that back. */
  #hidden(index: number, stat: Stats): void {
    const { inventory } = this.#options;
    if (!isOwn(stat) || isModeOfFile(stat.mode, inventory.mode(index))) this.#damaged(index);
    else {
      this.isPartial = true;
      this.damages.push({ kind: 'mode', path: inventory.path(index), index });
    }
  }

  #damaged(index: number): void {
    this.damages.push({ kind: 'content', path: this.#options.inventory.path(index), index });
  }

  #directory(path: string): DirectoryState {
    const known = this.#directories.get(path);
    if (known !== undefined) return known;
    const parent = path === '' ? 'well' : this.#directory(parentOf(path));
    const state = parent === 'well' ? this.#lookAtDirectory(path) : parent;
    this.#directories.set(path, state);
    return state;
  }

  #lookAtDirectory(path: string): DirectoryState {
    const { root, dirMode, ownsRoot } = this.#options;
    const stat = lookAt(join(root, path));
    if (stat === 'closed') {
      this.isPartial = true;
      return 'closed';
    }
    // The root of all may be a link that somebody made to another disk.
    if (path === '' && !ownsRoot) return stat === undefined ? 'gone' : 'well';
    if (stat?.isDirectory() !== true) return 'gone';
    // Where foreign files lie too, a directory may be others'.
    if (ownsRoot && !isModeOfDirectory(stat.mode, dirMode)) this.damages.push({ kind: 'directory', path });
    return 'well';
  }
}

/** `closed`: a directory on the way may not be searched. */
function lookAt(path: string): Stats | 'closed' | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    const code = systemCode(error);
    if (code === 'EACCES') return 'closed';
    if (['ENOTDIR', 'ELOOP', 'ENAMETOOLONG'].includes(code ?? '')) return undefined;
    throw error;
  }
}

function textOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

function isOwn({ uid }: Stats): boolean {
  const own = process.geteuid?.();
  return own === 0 || own === uid;
}
