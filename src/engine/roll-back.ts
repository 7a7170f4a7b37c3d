import { RefusedError, systemCode } from '../failure/failure.ts';
import type { Limits } from '../platform/deadline.ts';
import type { Context } from './context.ts';
import { prepareRollback, type StagedSet } from './prepare.ts';
import type { PublishedSet } from './state.ts';
import * as transitions from './transitions.ts';

/** Publishes the last good set again when a target rejected what is published, now or before a restart. */
export async function rollBackIfDue(context: Context, limits: Limits): Promise<void> {
  const { memory, parts, keeper, options } = context;
  await noteVerdict(context);
  const due = parts.rollback ? transitions.rollbackDue(memory.state) : undefined;
  if (due === undefined) return;
  const set = await prepare(context, due);
  if (set === undefined) return;
  await using stage = set.stage;
  const from = memory.state.published?.revision;
  const next = await keeper.swap({ ...set, stage }, true, limits);
  await memory.update((state) => transitions.rolledBack(state, next, new Date().toISOString()));
  await keeper.finish();
  options.observer.rolledBack();
  options.log.warn({ from, to: next.revision, sequence: next.sequence }, 'rolled back to the last good set');
}

/** Undefined when the good generation is no longer what it was: then there is nothing to go back to. */
async function prepare(
  { memory, parts, options }: Context,
  due: PublishedSet,
): Promise<StagedSet | undefined> {
  const { publisher, log } = options;
  const { generation } = due;
  const sequence = memory.state.sequence + 1;
  try {
    const good = await publisher.generation(generation);
    if (good !== undefined) return await prepareRollback({ parts, publisher, sequence }, good);
    log.error({ generation }, 'not rolled back: the last good generation is gone');
  } catch (error) {
    const isDamaged =
      error instanceof RefusedError || ['ENOENT', 'ENOTDIR', 'ELOOP'].includes(systemCode(error) ?? '');
    if (!isDamaged) throw error;
    log.error({ generation, err: error }, 'not rolled back: the last good set is damaged');
  }
  await memory.update(({ good: _, ...rest }) => rest);
  return undefined;
}

/** A target's rejection is written down before anything is done about it. */
async function noteVerdict({ courier, memory, parts, options }: Context): Promise<void> {
  const verdict = courier.takeVerdict();
  const { published } = memory.state;
  if (verdict === undefined || published?.sequence !== verdict.sequence) return;
  const { target, detail, reloadKey } = verdict;
  // Under other settings it is told again instead.
  if (reloadKey !== parts.keys.reloadKey) return;
  const keys = { setKey: parts.keys.setKey, reloadKey };
  await memory.update((state) => transitions.rejected(state, keys, detail, new Date().toISOString()));
  const rollsBack = parts.rollback && transitions.rollbackDue(memory.state) !== undefined;
  const message = rollsBack
    ? 'the set was rejected'
    : 'the set was rejected, and stays: there is no other to go back to';
  options.log.error({ revision: published.revision, target, detail }, message);
}
