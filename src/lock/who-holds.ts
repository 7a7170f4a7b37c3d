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
  using other = await ask(socketNameOf(found), signal);
  if (other !== undefined) return `held by ${describe(other.holder)}`;
  const lease = await readLease(stateDir).catch(() => undefined);
  if (lease === undefined) return undefined;
  // Its socket would have answered.
  if (lease.holder !== undefined && isInReach(lease.holder, placeOfThis())) return undefined;
  return `held by ${describe(lease.holder)}, or was until that was killed`;
}
