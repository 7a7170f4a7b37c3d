import type { Limits } from '../platform/deadline.ts';
import { type Context, tell } from './context.ts';
import { localCopyOf } from './local-copy.ts';
import type { PublishedSet } from './machine/state.ts';
import { putInPlace } from './put-in-place.ts';

/**
 * Publishes what an earlier run published where readers do not look any more: in another mode, or under a link of
 * another name. It needs no source. `handsOver` as for any first set.
 */
export async function move(
  context: Context,
  { former, handsOver }: { readonly former: PublishedSet; readonly handsOver: boolean },
  limits: Limits,
): Promise<void> {
  const { keeper, options } = context;
  const started = performance.now();
  const staged = await localCopyOf(context, former, limits.signal);
  if (staged === undefined) {
    await tell(context, { type: 'move-lost' });
    return;
  }
  await using stage = staged.stage;
  const { set, note } = await putInPlace(context, { ...staged, stage }, limits);
  await tell(context, { type: 'moved', handsOver, ...note });
  await keeper.finish();
  const { revision, sequence, generation } = set;
  const fields = { revision, sequence, from: former.generation, generation };
  const milliseconds = Math.round(performance.now() - started);
  options.log.info({ ...fields, milliseconds }, 'the set of the last run is where readers find it now');
}
