import { lstatSync, rmdirSync, unlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { systemCode } from '../../failure/failure.ts';
import { inSlices } from '../../platform/slices.ts';
import { removeTree } from '../closed-directories.ts';
import type { Generation } from '../generation.ts';
import type { ManifestEntry, ManifestFile } from '../manifest.ts';
import type { PlainFiles } from '../plain-files.ts';
import { onTarget } from '../target-errors.ts';
import { keptGenerations } from './collect.ts';
import { isSameFile } from './difference.ts';
import { Doors } from './doors.ts';
import { type Ground, plainGround } from './ground.ts';
import { pathsInPlace } from './in-place.ts';
import { placesOfKept } from './kept-files.ts';
import { halfway, ownPaths, parentsOf, readKept, readStanding, type Standing } from './standing.ts';

/** What the workshop of an earlier run says is in the target, an unfinished publish included. */
export async function readPlainFiles(workshop: string, target: string): Promise<PlainFiles> {
  const { before, next } = await readStanding(workshop, target);
  const standing = next === undefined ? before : halfway(before, next);
  return new FoundPlainFiles(workshop, target, standing);
}

class FoundPlainFiles implements PlainFiles {
  readonly #workshop: string;
  readonly #target: string;
  readonly #standing: Standing;
  readonly #own: ReadonlySet<string>;

  constructor(workshop: string, target: string, standing: Standing) {
    this.#workshop = workshop;
    this.#target = target;
    this.#standing = standing;
    this.#own = ownPaths(standing);
  }

  async foreignAt(name: string): Promise<string | undefined> {
    const path = join(this.#target, name);
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found === undefined) return undefined;
    if (!found.isDirectory()) return this.#own.has(name) ? undefined : path;
    const foreign = this.#ground().foreignIn(name);
    return foreign === undefined ? undefined : join(this.#target, foreign);
  }

  async generation(name: string): Promise<Generation | undefined> {
    const { current } = this.#standing;
    return current?.name === name ? current : onTarget(readKept(this.#workshop, name));
  }

  async placesOf(generation: Generation): Promise<((file: ManifestFile) => string) | undefined> {
    if (dirname(generation.directory) !== this.#workshop) return undefined;
    const { current, unsure } = this.#standing;
    const inPlace = new Map<string, ManifestEntry>();
    for (const entry of current?.manifest.files ?? []) {
      if (!unsure.has(entry.path)) inPlace.set(entry.path, entry);
    }
    const kept = placesOfKept(generation, await onTarget(keptGenerations(this.#workshop)));
    return (file) => {
      const known = inPlace.get(file.path);
      return known !== undefined && isSameFile(known, file) ? join(this.#target, file.path) : kept(file);
    };
  }

  /** What other modes have put in their places by now stays; so does what is not ours, and its directories. */
  async remove(): Promise<void> {
    await onTarget(this.#removeAll());
  }

  async #removeAll(): Promise<void> {
    const ground = this.#ground();
    const { current, guests } = this.#standing;
    const doors = new Doors([Number.parseInt(current?.manifest.dirMode ?? '0755', 8)]);
    const directories = [...parentsOf(this.#own)].filter((path) => ground.isDirectory(path));
    for (const path of directories) if (!guests.has(path)) await doors.open(join(this.#target, path));
    const files = await pathsInPlace(this.#target, this.#own, ground);
    await inSlices(files, (path) => unlessGone(() => unlinkSync(join(this.#target, path))));
    for (const path of directories.toSorted().toReversed()) {
      if (!guests.has(path)) unlessGone(() => rmdirSync(join(this.#target, path)));
    }
    await removeTree(this.#workshop);
  }

  #ground(): Ground {
    return plainGround(this.#target, this.#standing);
  }
}

function unlessGone(act: () => void): void {
  try {
    act();
  } catch (error) {
    if (!['ENOENT', 'ENOTDIR', 'ENOTEMPTY', 'EEXIST'].includes(systemCode(error) ?? '')) throw error;
  }
}
