import { type Failure, RefusedError, toFailure } from '../failure/failure.ts';
import type { Limits } from '../platform/deadline.ts';
import { type Context, sourceOf, tell } from './context.ts';
import { localCopyOf } from './local-copy.ts';
import { verificationName } from './look-before.ts';
import { quarantineOf } from './machine/quarantine.ts';
import type { PublishedSet } from './machine/state.ts';
import { oursSinceStart } from './ours.ts';
import { prepareSet, type StagedSet } from './prepare.ts';
import { putInPlace } from './put-in-place.ts';
import { validateStaged } from './validate-staged.ts';

/** The good generation as it is in the volume; else, from the source, what it had at that revision. */
export async function rollBack(context: Context, to: PublishedSet, limits: Limits): Promise<void> {
  const { memory, keeper, options } = context;
  const staged = (await localCopyOf(context, to, limits.signal)) ?? (await broughtAgain(context, to, limits));
  if (staged === undefined) return;
  await using stage = staged.stage;
  const from = (memory.state.published ?? memory.state.former)?.revision;
  const { set, note } = await putInPlace(context, { ...staged, stage }, limits);
  // The value may be the good set's still: it need not change for that to be well.
  const { [verificationName]: _, ...before } = note.before;
  await tell(context, { type: 'rolled-back', ...note, before });
  await keeper.finish();
  options.observer.rolledBack();
  const { by, reason } = memory.state.rolledBack ?? {};
  const { revision, sequence } = set;
  options.log.warn({ from, to: revision, sequence, by, reason }, 'rolled back to the last good set');
}

/** What passes is only thrown where another try can help. */
async function broughtAgain(
  context: Context,
  to: PublishedSet,
  limits: Limits,
): Promise<StagedSet | undefined> {
  const { options } = context;
  const { revision } = to;
  options.log.info({ revision }, 'the last good set is brought from the source again');
  try {
    return await bringAgain(context, to, limits.signal);
  } catch (error) {
    limits.signal.throwIfAborted();
    const failure = toFailure(error);
    if (!isFinal(failure)) throw error;
    const detail = `not rolled back: ${revision} is not to be had any more: ${failure.message}`;
    options.log.error({ revision, err: failure }, 'not rolled back: the last good set is gone');
    await tell(context, { type: 'rollback-lost', detail });
    return undefined;
  } finally {
    // What is followed is watched; a source of the past is not.
    await sourceOf(context);
  }
}

function isFinal({ kind }: Failure): boolean {
  return kind === 'refused' || kind === 'missing' || kind === 'settings';
}

async function bringAgain(context: Context, to: PublishedSet, signal: AbortSignal): Promise<StagedSet> {
  const { supply, parts, memory, options } = context;
  const { publisher, stageOptions } = options;
  const source = await supply.source(parts, to.revision);
  const snapshot = await source.snapshot(signal);
  if (snapshot.revision !== to.revision) {
    throw new RefusedError({
      problem: `the source gives ${snapshot.revision} in the place of ${to.revision}`,
    });
  }
  const sequence = memory.state.sequence + 1;
  const current = await publisher.current(oursSinceStart(memory.state));
  // What it drops of the bad set is meant.
  const guardRails = { ...parts.guardRails, maxDelete: 1, refuseCollapse: false };
  const next = { sequence, current, isPublished: false };
  const prepared = await prepareSet(
    { parts: { ...parts, guardRails }, source, publisher, stageOptions, snapshot, ...next },
    signal,
  );
  if (prepared.kind === 'equal') throw new Error('a set that is brought again was not staged');
  try {
    if (quarantineOf(memory.state, prepared.manifest.digest) !== undefined) {
      throw new RefusedError({ problem: 'under the present settings its content is one that was refused' });
    }
    if (parts.validate !== undefined) await validateStaged(context, parts.validate, prepared, signal);
    return prepared;
  } catch (error) {
    await prepared.stage[Symbol.asyncDispose]();
    throw error;
  }
}
