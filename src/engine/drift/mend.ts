import type { Failure } from '../../failure/failure.ts';
import type { Limits } from '../../platform/deadline.ts';
import type { Damage } from '../../publish/drift/damage.ts';
import { rewriteManifest } from '../../publish/drift/own-manifest.ts';
import { putBack } from '../../publish/drift/put-back.ts';
import type { Manifest, ManifestFile } from '../../publish/manifest.ts';
import type { Stage } from '../../publish/stage.ts';
import { onTarget } from '../../publish/target-errors.ts';
import { unconcerned } from '../../reload/routing.ts';
import { type Context, deliver, tell } from '../context.ts';
import { lookBefore } from '../look-before.ts';
import type { PublishedSet } from '../machine/state.ts';
import { refuseIfTaken } from '../refuse-if-taken.ts';
import { isRollBackDue } from '../roll-back-if-due.ts';
import { bringContents } from './contents.ts';
import type { FollowedSet } from './followed-set.ts';

export interface Mending {
  readonly set: FollowedSet;
  readonly published: PublishedSet;
  readonly manifest: Manifest;
  readonly damages: readonly Damage[];
  /** Paths of the set that readers saw wrong; undefined = any. */
  readonly changed: readonly string[] | undefined;
}

/** What could not be put back, and why. */
export type Unmended = ReadonlyMap<Damage, Failure>;

/**
 * Puts back what was damaged, and tells the application as of a change: it may have loaded what it found. Undefined when the
 * set is to be replaced by another anyway.
 */
export async function mend(
  context: Context,
  mending: Mending,
  limits: Limits,
): Promise<Unmended | undefined> {
  const { published, manifest, damages } = mending;
  const { publisher } = context.options;
  const files = damages.flatMap((damage): readonly ManifestFile[] => {
    const entry = damage.kind === 'content' ? manifest.files[damage.index] : undefined;
    return entry === undefined || 'link' in entry ? [] : [entry];
  });
  const links = damages.flatMap((damage) => {
    const entry = damage.kind === 'content' ? manifest.files[damage.index] : undefined;
    return entry !== undefined && 'link' in entry ? [entry] : [];
  });
  if (files.length + links.length === 0) return replace(context, mending, undefined, limits);
  await using stage = await publisher.newStage();
  await stage.prepare(links.map(({ path, link }) => ({ kind: 'link', path, target: link }) as const));
  const missing = await bringContents(context, { published, files, stage }, limits.signal);
  const failed = new Map(damages.flatMap((damage) => pairOf(damage, missing.get(damage.path))));
  const found = damages.filter((damage) => !failed.has(damage));
  if (found.length === 0) return failed;
  const unplaced = await replace(context, { ...mending, damages: found }, stage, limits);
  return unplaced && new Map([...failed, ...unplaced]);
}

function pairOf(damage: Damage, failure: Failure | undefined): readonly (readonly [Damage, Failure])[] {
  return failure === undefined ? [] : [[damage, failure]];
}

/**
 * The manifest goes first: after a kill before the last file is back, the next start owes the set to every target, and its
 * check finds the rest.
 */
async function replace(
  context: Context,
  { set, manifest, damages, changed }: Mending,
  stage: Stage | undefined,
  limits: Limits,
): Promise<Unmended | undefined> {
  const { courier, memory, options, parts } = context;
  await limits.outside(courier.stop());
  const before = await limits.outside(lookBefore(parts, limits.signal));
  limits.signal.throwIfAborted();
  const { state } = memory;
  const { published } = state;
  if (published?.generation !== set.generation || isRollBackDue(context)) return undefined;
  await refuseIfTaken(options);
  const next = { sequence: state.sequence + 1, publishedAt: new Date().toISOString() };
  const { fileMode, fsync } = options.stageOptions;
  const { sealed, root, directory } = set;
  const write = async ({ sequence, publishedAt }: Pick<PublishedSet, 'sequence' | 'publishedAt'>) => {
    const text = { ...manifest, revision: published.revision, sequence, publishedAt };
    set.mark = await onTarget(rewriteManifest(directory, text, { fileMode, fsync, sealed }));
  };
  await write(next);
  const ownsRoot = root !== options.targetDir;
  const places = { root, from: stage?.directory ?? root, manifest, ownsRoot, fsync };
  const failed: Unmended = await onTarget(putBack(damages, places));
  if (damages.length > 0 && failed.size === damages.length) {
    await write(published);
    return failed;
  }
  const names = parts.targets.map(({ name }) => name);
  courier.noteChange(state, parts.targets, parts.routing.isAsked ? changed : undefined);
  await tell(context, {
    type: 'mended',
    set: { ...published, ...next },
    unconcerned: unconcerned(parts.routing, names, parts.routing.isAsked ? changed : undefined),
    before,
  });
  deliver(context);
  return failed;
}
