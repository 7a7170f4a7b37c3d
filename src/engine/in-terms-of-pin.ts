import { type Failure, MissingError } from '../failure/failure.ts';
import type { State } from './machine/state.ts';

/** While a revision is pinned, it is that which is not there, and no setting is wrong. */
export function inTermsOfPin(failure: Failure, pin: State['pin']): Failure {
  const { setting, problem } = failure.details;
  const isOfPin = pin !== undefined && setting === 'WHERRY_GIT_REF' && failure instanceof MissingError;
  if (!isOfPin) return failure;
  return new MissingError({
    problem: `pin: ${problem}`,
    cure: 'push it, pin another revision, or say `wherry resume`',
    cause: failure,
  });
}
