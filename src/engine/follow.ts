import { type Failure, RefusedError } from '../failure/failure.ts';
import type { Revision } from '../snapshot/entry.ts';
import { type Context, deliver } from './context.ts';
import { type Prepared, prepareSet, type StagedSet } from './prepare.ts';
import type { PublishedSet } from './state.ts';
import * as transitions from './transitions.ts';

export interface Following {
  /** What the probe said; undefined when nobody asked it. */
  readonly probed: Revision | undefined;
  /** The `performance.now()` at which the change was seen. */
  readonly seenAt: number;
  /** The set counts as acknowledged by every target, and none is told. */
  readonly handsOver: boolean;
}

/**
 * fetch → stage → guard → publish → signal. What the content is refused for is noted in the state; everything else
 * that goes wrong is thrown, and leaves the published set as it is.
 */
export async function follow(context: Context, following: Following, signal: AbortSignal): Promise<void> {
  const { source } = context.parts;
  const { observer } = context.options;
  let revision = following.probed;
  try {
    const snapshot = await source.snapshot(signal);
    revision = snapshot.revision;
    observer.phase('fetch', (performance.now() - following.seenAt) / 1000);
    const staging = performance.now();
    const prepared = await prepare(context, snapshot, signal);
    observer.phase('stage', (performance.now() - staging) / 1000);
    if (prepared.kind === 'equal') await noteEqual(context, revision);
    else await publishUnlessKnown(context, prepared, { ...following, revision }, signal);
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    revision ??= await revisionNow(context, signal);
    await noteRefused(context, error, { revision });
  }
}

async function prepare(
  { options, parts, memory }: Context,
  snapshot: Parameters<typeof prepareSet>[0]['snapshot'],
  signal: AbortSignal,
): Promise<Prepared> {
  const { publisher, stageOptions } = options;
  const current = await publisher.current();
  const sequence = memory.state.sequence + 1;
  return prepareSet({ parts, publisher, stageOptions, current, snapshot, sequence }, signal);
}

/** Content that is published already, or quarantined, is known by its digest whatever its revision is called. */
async function publishUnlessKnown(
  context: Context,
  set: StagedSet,
  following: Following & { readonly revision: Revision },
  signal: AbortSignal,
): Promise<void> {
  await using stage = set.stage;
  const { digest } = set.manifest;
  const { quarantine, published } = context.memory.state;
  const isQuarantined = quarantine?.digest === digest && quarantine.sourceKey === context.parts.key;
  if (isQuarantined) {
    await noteRefused(context, new RefusedError({ problem: quarantine.reason }), {
      revision: following.revision,
      digest,
    });
  } else if (published?.digest === digest && quarantine?.digest !== digest)
    await noteEqual(context, following.revision);
  else await notePublished(context, await context.keeper.swap({ ...set, stage }, signal), following);
}

async function notePublished(
  context: Context,
  set: PublishedSet,
  { handsOver, revision, seenAt }: Following & { readonly revision: Revision },
): Promise<void> {
  const { memory, parts, courier, options } = context;
  await memory.update((before) => {
    const after = transitions.published(before, set, parts.targets, new Date().toISOString());
    return transitions.caughtUp(handsOver ? transitions.handedOver(after) : after, parts.key, revision);
  });
  courier.changeSeenAt(seenAt);
  deliver(context);
  options.observer.synced('published');
  const { sequence, generation, files } = set;
  const milliseconds = Math.round(performance.now() - seenAt);
  options.log.info({ revision, sequence, files, generation, milliseconds }, 'published');
}

async function noteEqual({ memory, parts, options }: Context, revision: Revision): Promise<void> {
  await memory.update((state) =>
    transitions.foundEqual(state, parts.key, revision, new Date().toISOString()),
  );
  options.observer.synced('equal');
  options.log.debug({ revision }, 'the set is the same; nothing to publish');
}

async function noteRefused(
  { memory, parts, options }: Context,
  failure: Failure,
  set: Omit<transitions.RefusedSet, 'key'>,
): Promise<void> {
  const refused = { key: parts.key, ...set };
  await memory.update((state) => transitions.refused(state, refused, failure, new Date().toISOString()));
  options.observer.synced('refused');
  options.log.error({ revision: set.revision, reason: failure.message }, 'refused; the published set stays');
}

/** Some content is refused while it is listed, before the source could say its revision. */
async function revisionNow({ parts }: Context, signal: AbortSignal): Promise<Revision> {
  const probe = await parts.source.probe(undefined, signal);
  if (probe.kind === 'moved') return probe.revision;
  throw new Error('a probe without a previous revision answered "unchanged"');
}
