import type { Generation } from './generation.ts';
import type { ManifestFile } from './manifest.ts';
import { findWorkshop, type Places, removeUnusedWorkshops } from './rename/workshop.ts';
import { onTarget } from './target-errors.ts';

/** What the rename mode has in the target, as the other modes see it. */
export interface PlainFiles {
  /** The path of what Wherry did not write at or below a top-level name; undefined when all of it may be replaced. */
  foreignAt(name: string): Promise<string | undefined>;
  /** One of its generations; undefined when it is gone. */
  generation(name: string): Promise<Generation | undefined>;
  /** Where the files of a generation are now; undefined when it is none of its. */
  placesOf(generation: Generation): Promise<((file: ManifestFile) => string) | undefined>;
  /** Removes what is left of them, and the directories that are empty then. */
  remove(): Promise<void>;
}

/** Only an earlier run can have left plain files: what is not there, or removed, is not looked for again. */
export class FormerPlainFiles {
  readonly #places: Places;
  #found: PlainFiles | undefined;
  #isGone = false;
  #isRemoved = false;

  constructor(places: Places) {
    this.#places = places;
  }

  /** Undefined where there are none. Their code is loaded only for them. */
  async find(): Promise<PlainFiles | undefined> {
    if (this.#isGone || this.#found !== undefined) return this.#found;
    const workshop = await onTarget(findWorkshop(this.#places));
    if (workshop === undefined) {
      this.#isGone = true;
      return undefined;
    }
    const { readPlainFiles } = await import('./rename/plain-files.ts');
    this.#found = await onTarget(readPlainFiles(workshop, this.#places.target));
    return this.#found;
  }

  /** Removes what is left of them, and of runs that came to none. True when there were some. */
  async remove(): Promise<boolean> {
    if (this.#isRemoved) return false;
    const found = await this.find();
    await found?.remove();
    await onTarget(removeUnusedWorkshops(this.#places));
    this.#found = undefined;
    this.#isGone = true;
    this.#isRemoved = true;
    return found !== undefined;
  }
}
