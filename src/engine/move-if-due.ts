import type { Limits } from '../platform/deadline.ts';
import type { Context } from './context.ts';
import { due } from './machine/machine.ts';
import { rulesOf } from './parts.ts';

export function isMoveDue({ memory, parts }: Context): boolean {
  return due(memory.state, rulesOf(parts))?.kind === 'move';
}

/** Publishes what the last run published in another mode, or under another name, where readers find it now. */
export async function moveIfDue(context: Context, handsOver: boolean, limits: Limits): Promise<void> {
  const action = due(context.memory.state, rulesOf(context.parts));
  if (action?.kind !== 'move') return;
  const { move } = await import('./move.ts');
  await move(context, { former: action.set, handsOver }, limits);
}
