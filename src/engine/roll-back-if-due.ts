import type { Limits } from '../platform/deadline.ts';
import type { Context } from './context.ts';
import { due } from './machine/machine.ts';
import { rulesOf } from './parts.ts';

export function isRollBackDue({ memory, parts }: Context): boolean {
  return due(memory.state, rulesOf(parts))?.kind === 'roll-back';
}

/** Publishes the last good set again when the published one was refused, now or before a restart. */
export async function rollBackIfDue(context: Context, limits: Limits): Promise<void> {
  const action = due(context.memory.state, rulesOf(context.parts));
  if (action?.kind !== 'roll-back') return;
  const { rollBack } = await import('./roll-back.ts');
  await rollBack(context, action.to, limits);
}
