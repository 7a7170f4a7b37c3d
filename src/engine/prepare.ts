import type { Generation } from '../publish/generation.ts';
import type { Manifest } from '../publish/manifest.ts';
import { areSameLayers, byPath } from '../publish/manifest.ts';
import type { Publisher } from '../publish/publisher.ts';
import { isSameSet, type StageOptions } from '../publish/same-set.ts';
import type { ManifestHead, Stage } from '../publish/stage.ts';
import type { Entry, Snapshot } from '../snapshot/entry.ts';
import { checkGuardRails, checkKnownSize } from '../snapshot/guard-rails.ts';
import { applyLinkRule } from '../snapshot/links.ts';
import { checkCoexistence } from '../snapshot/path-rules.ts';
import type { Source } from '../sources/source.ts';
import type { Parts } from './parts.ts';

export interface StagedSet {
  readonly kind: 'staged';
  readonly stage: Stage;
  readonly manifest: Manifest;
}

export type Prepared = { readonly kind: 'equal' } | StagedSet;

export interface PrepareOptions {
  readonly parts: Parts;
  readonly source: Source;
  readonly publisher: Publisher;
  readonly stageOptions: StageOptions;
  /** What the next generation can take from. */
  readonly current: Generation | undefined;
  /** Whether that is the set that the state knows as published: only then is an equal one nothing new. */
  readonly isPublished: boolean;
  readonly snapshot: Snapshot;
  readonly sequence: number;
}

/**
 * stage → guard: makes the next generation from a snapshot, out of what the current one already holds and what the
 * source must write. Nothing of it is visible; the caller disposes of the stage.
 */
export async function prepareSet(options: PrepareOptions, signal: AbortSignal): Promise<Prepared> {
  const { parts, source, publisher, current, snapshot } = options;
  const entries = applyLinkRule(snapshot.entries, parts.linkRule).toSorted(byPath);
  checkCoexistence(entries);
  const published = new Set<string>(current?.manifest.files.map(({ path }) => path));
  checkGuardRails(entries, published, parts.guardRails);
  checkKnownSize(entries, options.stageOptions.maxBytes);
  const isSame =
    current !== undefined &&
    areSameLayers(snapshot.layers, current.manifest.layers) &&
    isSameSet(entries, current.manifest, options.stageOptions);
  if (isSame && options.isPublished) return { kind: 'equal' };
  await publisher.refuseForeign(entries);
  return fillStage(publisher, async (stage) => {
    const isWhole = parts.validate !== undefined;
    const missing = await publisher.fill(stage, { entries, current, isWhole });
    await source.write(missing, stage, signal);
    const head = headOf(source.description, snapshot, options.sequence);
    const manifest = await stage.seal(head, layersOf(entries));
    signal.throwIfAborted();
    return manifest;
  });
}

/** The good generation, copied: another inode for every file, and each checked against its digest. */
export async function prepareCopy(
  { publisher, sequence }: Pick<PrepareOptions, 'publisher' | 'sequence'>,
  good: Generation,
  signal: AbortSignal,
): Promise<StagedSet> {
  return fillStage(publisher, async (stage) => {
    await publisher.copy(stage, good, signal);
    return stage.seal(headOf(good.manifest.source, good.manifest, sequence));
  });
}

/** A stage that could not be filled leaves nothing behind. */
async function fillStage(
  publisher: Publisher,
  fill: (stage: Stage) => Promise<Manifest>,
): Promise<StagedSet> {
  const stage = await publisher.newStage();
  try {
    return { kind: 'staged', stage, manifest: await fill(stage) };
  } catch (error) {
    await stage[Symbol.asyncDispose]();
    throw error;
  }
}

function headOf(
  source: string,
  { revision, provenance, layers }: Pick<Snapshot, 'revision' | 'provenance' | 'layers'>,
  sequence: number,
): ManifestHead {
  const known = {
    ...(provenance === undefined ? {} : { provenance }),
    ...(layers === undefined ? {} : { layers }),
  };
  return { source, revision, ...known, sequence, publishedAt: new Date().toISOString() };
}

/** By path; what is carried over may have been another layer's. */
function layersOf(entries: readonly Entry[]): ReadonlyMap<string, string> {
  const layers = new Map<string, string>();
  for (const { path, layer } of entries) if (layer !== undefined) layers.set(path, layer);
  return layers;
}
