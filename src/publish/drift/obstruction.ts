import { join } from 'node:path';
import { TargetError } from '../../failure/failure.ts';
import { isFilled } from '../is-filled.ts';
import type { Damage } from './damage.ts';
import type { PutBackOptions } from './put-back.ts';

export interface Parted {
  readonly free: readonly Damage[];
  readonly obstructed: readonly Damage[];
  /** Why the first of the obstructed cannot be put back. */
  readonly failure: TargetError | undefined;
}

/** Tells what can be put back from what cannot before somebody removes files that Wherry did not write. */
export function partObstructed(
  damages: readonly Damage[],
  { root, ownsRoot }: Pick<PutBackOptions, 'root' | 'ownsRoot'>,
): Parted {
  const isObstructed = ({ kind, path }: Damage) => kind === 'content' && isFilled(join(root, path));
  const obstructed = ownsRoot ? [] : damages.filter(isObstructed);
  const [first] = obstructed;
  if (first === undefined) return { free: damages, obstructed, failure: undefined };
  const set = new Set(obstructed);
  return {
    free: damages.filter((damage) => !set.has(damage)),
    obstructed,
    failure: occupied(join(root, first.path)),
  };
}

export function occupied(path: string): TargetError {
  return new TargetError({
    setting: 'WHERRY_TARGET',
    problem: `${path} is a directory with files that Wherry did not write, in the place of a published file`,
    cure: 'remove it',
  });
}
