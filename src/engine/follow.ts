import { type Failure, RefusedError } from '../failure/failure.ts';
import type { Limits } from '../platform/deadline.ts';
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
export async function follow(context: Context, following: Following, limits: Limits): Promise<void> {
  const { source } = context.parts;
  const { observer } = context.options;
  const { signal } = limits;
  let revision = following.probed;
  const fetching = performance.now();
  try {
    const snapshot = await source.snapshot(signal);
    revision = snapshot.revision;
    observer.phase('fetch', (performance.now() - fetching) / 1000);
    const staging = performance.now();
    const prepared = await prepare(context, snapshot, signal);
    observer.phase('stage', (performance.now() - staging) / 1000);
    if (prepared.kind === 'equal') await noteEqual(context, revision);
    else await publishUnlessKnown(context, prepared, { ...following, revision }, limits);
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    revision ??= await revisionNow(context, signal);
    await noteRefused(context, error, revision);
  }
}

async function prepare(
  { options, parts, memory }: Context,
  snapshot: Parameters<typeof prepareSet>[0]['snapshot'],
  signal: AbortSignal,
): Promise<Prepared> {
  const { publisher, stageOptions } = options;
  const { published, sequence } = memory.state;
  const current = await publisher.current(sequence > 0);
  const isPublished = current !== undefined && current.name === published?.generation;
  const next = { sequence: sequence + 1, current, isPublished };
  return prepareSet({ parts, publisher, stageOptions, snapshot, ...next }, signal);
}

/** Content that is published already, or quarantined, is known by its digest whatever its revision is called. */
async function publishUnlessKnown(
  context: Context,
  set: StagedSet,
  following: Following & { readonly revision: Revision },
  limits: Limits,
): Promise<void> {
  await using stage = set.stage;
  const { digest } = set.manifest;
  const { state } = context.memory;
  const { revision } = following;
  if (state.published?.digest === digest) await noteEqual(context, revision);
  else if (transitions.isQuarantinedContent(state, digest)) await noteRefusedAgain(context, revision);
  else {
    const published = await context.keeper.swap({ ...set, stage }, state.sequence > 0, limits);
    await notePublished(context, published, following);
  }
}

async function notePublished(
  context: Context,
  set: PublishedSet,
  { handsOver, revision, seenAt }: Following & { readonly revision: Revision },
): Promise<void> {
  const { memory, parts, courier, keeper, options } = context;
  await memory.update((before) => {
    const after = transitions.published(before, set, parts.targets, new Date().toISOString());
    const next = transitions.caughtUp(after, parts.keys.setKey, revision);
    return handsOver ? transitions.handedOver(next) : next;
  });
  await keeper.finish();
  courier.changeSeenAt(seenAt);
  deliver(context);
  options.observer.synced('published');
  const { sequence, generation, files } = set;
  const milliseconds = Math.round(performance.now() - seenAt);
  options.log.info({ revision, sequence, files, generation, milliseconds }, 'published');
}

async function noteEqual(context: Context, revision: Revision): Promise<void> {
  const { memory, parts, options } = context;
  const { state } = memory;
  if (transitions.isQuarantinedContent(state, state.published?.digest))
    return noteRefusedAgain(context, revision);
  await memory.update((now) =>
    transitions.foundEqual(now, parts.keys.setKey, revision, new Date().toISOString()),
  );
  options.observer.synced('equal');
  options.log.debug({ revision }, 'the set is the same; nothing to publish');
}

async function noteRefused(context: Context, failure: Failure, revision: Revision): Promise<void> {
  const set = { setKey: context.parts.keys.setKey, revision };
  await context.memory.update((state) => transitions.refused(state, set, failure, new Date().toISOString()));
  tellOfRefusal(context, revision);
}

async function noteRefusedAgain(context: Context, revision: Revision): Promise<void> {
  const { setKey } = context.parts.keys;
  await context.memory.update((state) =>
    transitions.refusedAgain(state, setKey, revision, new Date().toISOString()),
  );
  tellOfRefusal(context, revision);
}

function tellOfRefusal({ memory, options }: Context, revision: Revision): void {
  options.observer.synced('refused');
  const { reason } = memory.state.quarantine ?? {};
  options.log.error({ revision, reason }, 'refused; the published set stays');
}

/** Some content is refused while it is listed, before the source could say its revision. */
async function revisionNow({ parts }: Context, signal: AbortSignal): Promise<Revision> {
  const probe = await parts.source.probe(undefined, signal);
  if (probe.kind === 'moved') return probe.revision;
  throw new Error('a probe without a previous revision answered "unchanged"');
}
