import { stat } from 'node:fs/promises';
import { describe, isInReach, placeOfThis } from './holder.ts';
import { readLease } from './lease.ts';
import { ask, socketNameOf } from './socket.ts';

/** Says in words who holds a target, and touches nothing; undefined when nobody does, as far as that can be seen. */
export async function whoHolds(
  { target, stateDir }: { readonly target: string; readonly stateDir: string },
  signal: AbortSignal,
): Promise<string | undefined> {
  const found = await stat(target, { bigint: true }).catch(() => undefined);
  if (found === undefined) return undefined;
  const name = socketNameOf(found);
  using other = await ask(name, signal);
  if (other !== undefined) return `held by ${describe(other.holder)}`;
  const lease = await readLease(stateDir).catch(() => undefined);
  if (lease === undefined) return undefined;
  const { holder } = lease;
  if (holder?.socket !== undefined && isInReach(holder, placeOfThis())) {
    // The state directory of another target: the socket of this one would have answered.
    using beside = holder.socket === name ? undefined : await ask(holder.socket, signal);
    return beside && `held by ${describe(beside.holder)}`;
  }
  return `held by ${describe(holder)}, or was until that was killed`;
}
