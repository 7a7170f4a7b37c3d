import { type Failure, RefusedError } from '../failure/failure.ts';
import type { Limits } from '../platform/deadline.ts';
import type { Digest, Revision, Snapshot } from '../snapshot/entry.ts';
import type { Source } from '../sources/source.ts';
import { type Context, deliver, sourceOf, tell } from './context.ts';
import { currentQuarantine } from './machine/quarantine.ts';
import type { State } from './machine/state.ts';
import type { Observer, Phase } from './observer.ts';
import { oursSinceStart } from './ours.ts';
import { type Prepared, prepareSet, type StagedSet } from './prepare.ts';
import { putInPlace } from './put-in-place.ts';
import { validateStaged } from './validate-staged.ts';

export interface Following {
  /** What the probe said; undefined when nobody asked it. */
  readonly probed: Revision | undefined;
  /** The `performance.now()` at which the change was seen. */
  readonly seenAt: number;
  /** The set counts as acknowledged by every target, and none is told. */
  readonly handsOver: boolean;
}

/** What is known of a change so far, for the case that it is refused. */
interface Progress {
  revision: Revision | undefined;
  digest: Digest | undefined;
}

/**
 * fetch → stage → guard → validate → publish → signal. What the content is refused for is noted in the state;
 * everything else that goes wrong is thrown, and leaves the published set as it is.
 */
export async function follow(context: Context, following: Following, limits: Limits): Promise<void> {
  const source = await sourceOf(context);
  const progress: Progress = { revision: following.probed, digest: undefined };
  try {
    await bring(context, { source, following, progress, pin: context.memory.state.pin?.revision }, limits);
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    const revision = progress.revision ?? (await revisionNow(source, limits.signal));
    await noteRefused(context, error, { revision, digest: progress.digest });
  }
}

interface Bringing {
  readonly source: Source;
  readonly following: Following;
  readonly progress: Progress;
  readonly pin: Revision | undefined;
}

async function bring(
  context: Context,
  { source, following, progress, pin }: Bringing,
  limits: Limits,
): Promise<void> {
  const { signal } = limits;
  const { observer } = context.options;
  const { revision, prepared } = await takeAndPrepare(context, source, progress, signal);
  const before = context.memory.state;
  if (prepared.kind === 'equal') {
    const digest = before.published?.digest;
    if (digest !== undefined) await tell(context, { type: 'staged', revision, digest, pin });
    return tellOfStage(context, before, revision);
  }
  await using stage = prepared.stage;
  const { digest } = prepared.manifest;
  const staged = { type: 'staged', revision, digest, pin } as const;
  const mayPublish = async () => (await tell(context, staged))?.kind === 'publish';
  if (!(await mayPublish())) return tellOfStage(context, before, revision);
  progress.digest = digest;
  const set = { ...prepared, stage };
  const { validate } = context.parts;
  if (validate !== undefined) {
    await timed(observer, 'validate', validateStaged(context, validate, set, signal));
    // A command takes its time, and a person may have said hold meanwhile.
    if (!(await mayPublish())) return tellOfStage(context, before, revision);
  }
  await publish(context, set, { ...following, revision }, limits);
}

/** fetch → stage → guard. A layer that cannot write what it listed is done without, where something stands in for it. */
async function takeAndPrepare(
  context: Context,
  source: Source,
  progress: Progress,
  signal: AbortSignal,
): Promise<{ readonly revision: Revision; readonly prepared: Prepared }> {
  const { observer } = context.options;
  const snapshot = await timed(observer, 'fetch', source.snapshot(signal));
  const { revision } = snapshot;
  progress.revision = revision;
  try {
    const prepared = await timed(observer, 'stage', prepare(context, source, snapshot, signal));
    return { revision, prepared };
  } catch (error) {
    if (signal.aborted || !(await source.layers?.doWithout(error))) throw error;
  }
  return takeAndPrepare(context, source, progress, signal);
}

async function timed<T>(observer: Observer, phase: Phase, work: Promise<T>): Promise<T> {
  const started = performance.now();
  const result = await work;
  observer.phase(phase, (performance.now() - started) / 1000);
  return result;
}

async function prepare(
  { options, parts, memory }: Context,
  source: Source,
  snapshot: Snapshot,
  signal: AbortSignal,
): Promise<Prepared> {
  const { publisher, stageOptions } = options;
  const { published, sequence } = memory.state;
  const current = await publisher.current(oursSinceStart(memory.state));
  const isPublished = current !== undefined && current.name === published?.generation;
  const next = { sequence: sequence + 1, current, isPublished };
  return prepareSet({ parts, source, publisher, stageOptions, snapshot, ...next }, signal);
}

async function publish(
  context: Context,
  staged: StagedSet,
  { handsOver, revision, seenAt }: Following & { readonly revision: Revision },
  limits: Limits,
): Promise<void> {
  const { courier, keeper, options } = context;
  const { set, note } = await putInPlace(context, staged, limits);
  await tell(context, { type: 'published', revision, handsOver, ...note });
  await keeper.finish();
  options.observer.synced('published');
  const { sequence, generation, files } = set;
  const milliseconds = Math.round(performance.now() - seenAt);
  options.log.info({ revision, sequence, files, generation, milliseconds }, 'published');
  courier.changeSeenAt(seenAt);
  deliver(context);
}

/** What the state machine made of a stage that is not published. */
function tellOfStage(context: Context, before: State, revision: Revision): void {
  const { observer, log } = context.options;
  const { state } = context.memory;
  if (state === before) log.info({ revision }, 'not published: a person changed course meanwhile');
  else if (state.lastSync?.result === 'refused') tellOfRefusal(context, revision);
  else {
    observer.synced('equal');
    log.debug({ revision }, 'the set is the same; nothing to publish');
  }
}

async function noteRefused(
  context: Context,
  failure: Failure,
  known: { readonly revision: Revision; readonly digest: Digest | undefined },
): Promise<void> {
  await tell(context, { type: 'refused', failure, ...known });
  tellOfRefusal(context, known.revision);
}

function tellOfRefusal({ memory, options }: Context, revision: Revision): void {
  options.observer.synced('refused');
  const { by, reason } = currentQuarantine(memory.state) ?? {};
  options.log.error({ revision, by, reason }, 'refused; the published set stays');
}

/** Some content is refused while it is listed, before the source could say its revision. */
async function revisionNow(source: Source, signal: AbortSignal): Promise<Revision> {
  const probe = await source.probe(undefined, signal);
  if (probe.kind === 'moved') return probe.revision;
  throw new Error('a probe without a previous revision answered "unchanged"');
}
