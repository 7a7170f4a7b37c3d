import { finderIn, isAnyBelow } from './ordered.ts';
import { ownPaths, type Standing } from './standing.ts';

/** Which names of the target are ours. */
export class Ownership {
  readonly #standing: Standing;

  constructor(standing: Standing) {
    this.#standing = standing;
  }

  has(path: string): boolean {
    const { current, unsure } = this.#standing;
    return unsure.has(path) || finderIn(current?.manifest.files ?? [])(path) !== undefined;
  }

  /** Whether paths of ours lie in a directory. */
  isInUse(directory: string): boolean {
    const { current, unsure } = this.#standing;
    if (isAnyBelow(current?.manifest.files ?? [], directory)) return true;
    for (const path of unsure) if (path.startsWith(`${directory}/`)) return true;
    return false;
  }

  /** Our paths below a directory. */
  below(directory: string): readonly string[] {
    return [...ownPaths(this.#standing)].filter((path) => path.startsWith(`${directory}/`));
  }
}
