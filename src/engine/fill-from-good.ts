import type { Limits } from '../platform/deadline.ts';
import type { Context } from './context.ts';

/** Where nothing is published, the last good set is better than nothing. */
export async function fillFromGood(context: Context, limits: Limits): Promise<void> {
  const { published, good } = context.memory.state;
  if (published !== undefined || good === undefined) return;
  const { rollBack } = await import('./roll-back.ts');
  await rollBack(context, good, limits);
}
