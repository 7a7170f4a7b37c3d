import { TargetError } from '../failure/failure.ts';
import type { EngineOptions } from './options.ts';

/** Throws when another process took the target, perhaps while this one stood still: it is not to be written any more. */
export async function refuseIfTaken({
  isTaken,
  targetDir,
}: Pick<EngineOptions, 'isTaken' | 'targetDir'>): Promise<void> {
  if (!(await isTaken?.())) return;
  throw new TargetError({
    setting: 'WHERRY_TARGET',
    problem: `${targetDir} was taken over by another Wherry while this one stood still`,
    cure: 'let one of the two go on, or give each a target and a state directory of its own',
  });
}
