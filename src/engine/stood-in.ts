import { RefusedError } from '../failure/failure.ts';
import type { Log } from '../platform/log.ts';
import { isHeld } from './machine/machine.ts';
import { currentQuarantine } from './machine/quarantine.ts';
import type { State } from './machine/state.ts';

/** What the source shows was refused: throws, unless another set that was published stands in for it. */
export function refuseUnlessStoodInFor(state: State, log: Log): void {
  const { published } = state;
  const quarantine = currentQuarantine(state);
  if (quarantine === undefined) return;
  const { revision, reason, by, digest, reloadKey } = quarantine;
  const isOther = published !== undefined && digest !== published.digest;
  if (!isOther || (reloadKey === undefined && !isHeld(state))) throw new RefusedError({ problem: reason });
  log.warn({ revision, by, reason }, 'this revision was refused before; the set in the target is used');
}
