import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure, RefusedError } from '../../failure/failure.ts';
import type { Generation } from '../../publish/generation.ts';
import type { ManifestFile } from '../../publish/manifest.ts';
import type { Stage } from '../../publish/stage.ts';
import type { Entry, FileEntry, Revision, Snapshot } from '../../snapshot/entry.ts';
import { splitRevisions } from '../../snapshot/layer-revisions.ts';
import type { Source } from '../../sources/source.ts';
import { type Context, sourceOf } from '../context.ts';
import type { PublishedSet } from '../machine/state.ts';

export interface Wanted {
  readonly published: PublishedSet;
  readonly files: readonly ManifestFile[];
  readonly stage: Stage;
}

/** Of files by their paths: why they are not to be had. */
type Missing = Map<string, Failure>;

/**
 * Stages the published contents of these files: from a generation that is still there, else from the source as it was when
 * they were published. What is held, pinned or refused meanwhile does not matter. Resolves with those that are not to be had
 * though the source answers, as when one of its layers does not.
 */
export async function bringContents(context: Context, wanted: Wanted, signal: AbortSignal): Promise<Missing> {
  const { published, files, stage } = wanted;
  const left = await takeRetained(context, wanted, signal);
  const missing: Missing =
    left.length > 0 ? await bring(context, { published, files: left, stage }, signal) : new Map();
  const staged = new Map<string, string>();
  for (const entry of await stage.complete()) if (!('link' in entry)) staged.set(entry.path, entry.sha256);
  for (const { path, sha256 } of files) {
    if (staged.get(path) !== sha256 && !missing.has(path))
      missing.set(path, notHeld(path, published.revision));
  }
  return missing;
}

/** Gives back those that no retained generation has as they were. */
async function takeRetained(
  { options, memory }: Context,
  { published, files, stage }: Wanted,
  signal: AbortSignal,
): Promise<readonly ManifestFile[]> {
  const { good, previousGood } = memory.state;
  const names = new Set([good?.generation, previousGood?.generation]);
  names.delete(published.generation);
  let missing = files;
  for (const name of names) {
    if (name === undefined || missing.length === 0) continue;
    const retained = await options.publisher.generation(name).catch(() => undefined);
    if (retained === undefined) continue;
    const held = new Map(
      retained.manifest.files.map((entry) => [entry.path, 'link' in entry ? undefined : entry.sha256]),
    );
    const left: ManifestFile[] = [];
    for (const file of missing) {
      signal.throwIfAborted();
      const isTaken =
        held.get(file.path) === file.sha256 && (await copyOne(options, { retained, file, stage }, signal));
      if (!isTaken) left.push(file);
    }
    missing = left;
  }
  return missing;
}

/** False when it is no longer what it was; nothing of it is left in the stage then. */
async function copyOne(
  { publisher }: Context['options'],
  {
    retained,
    file,
    stage,
  }: { readonly retained: Generation; readonly file: ManifestFile; readonly stage: Stage },
  signal: AbortSignal,
): Promise<boolean> {
  const only = { ...retained, manifest: { ...retained.manifest, files: [file] } };
  try {
    await publisher.copy(stage, only, signal);
    // What a publisher leaves in its place in the target is the very file that is damaged.
    return existsSync(join(stage.directory, file.path));
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof Failure)) throw error;
    await rm(join(stage.directory, file.path), { force: true });
    return false;
  }
}

/** The source that is in use may show just what was published, or some layers of it; else it is asked for its past. */
async function bring(context: Context, wanted: Wanted, signal: AbortSignal): Promise<Missing> {
  const { memory } = context;
  const { published, files } = wanted;
  const { seen } = memory.state;
  // Another revision with the same content; the first one may be gone from the source by now.
  const revision = seen?.digest === published.digest ? seen.revision : published.revision;
  const present = await sourceOf(context);
  const snapshot = await present.snapshot(signal).catch((error: unknown) => {
    if (signal.aborted || !isOfPresent(error)) throw error;
    return undefined;
  });
  if (snapshot?.revision === revision || snapshot?.revision === published.revision)
    return writeFiles(present, snapshot.entries, wanted, signal);
  const left = snapshot === undefined ? files : await bringUnmoved(present, snapshot, wanted, signal);
  if (left.length === 0) return new Map();
  try {
    return await bringPast(context, revision, { ...wanted, files: left }, signal);
  } catch (error) {
    if (left === files || signal.aborted || !(error instanceof Failure)) throw error;
    return new Map(left.map(({ path }) => [path, error]));
  }
}

/** Stages what layers have that are still where they were; gives back the other files. One of them may have no past. */
async function bringUnmoved(
  present: Source,
  { revision, entries }: Snapshot,
  wanted: Wanted,
  signal: AbortSignal,
): Promise<readonly ManifestFile[]> {
  const { files, published } = wanted;
  const now = splitRevisions(revision);
  const then = splitRevisions(published.revision);
  const isUnmoved = ({ layer = '' }: Entry) =>
    now?.has(layer) === true && now.get(layer) === then?.get(layer);
  const own = new Set(entries.filter(isUnmoved).map(({ path }): string => path));
  const here = files.filter(({ path }) => own.has(path));
  if (here.length === 0) return files;
  const missing = await writeFiles(present, entries, { ...wanted, files: here }, signal);
  return files.filter(({ path }) => !own.has(path) || missing.has(path));
}

async function bringPast(
  context: Context,
  revision: Revision,
  wanted: Wanted,
  signal: AbortSignal,
): Promise<Missing> {
  try {
    const past = await context.supply.source(context.parts, revision);
    const found = await past.snapshot(signal);
    if (found.revision !== revision) {
      throw new RefusedError({ problem: `the source gives ${found.revision} in the place of ${revision}` });
    }
    return await writeFiles(past, found.entries, wanted, signal);
  } finally {
    // What is followed is watched; a source of the past is not.
    await sourceOf(context);
  }
}

/** What the source shows now is wrong or gone; what it had may be there. */
function isOfPresent(error: unknown): boolean {
  return error instanceof Failure && (error.kind === 'missing' || error.kind === 'refused');
}

/** Each layer of the set by itself: one that fails keeps no file of another. */
async function writeFiles(
  source: Source,
  entries: readonly Entry[],
  { files, stage, published }: Wanted,
  signal: AbortSignal,
): Promise<Missing> {
  const held = new Map<string, Entry>(entries.map((entry) => [entry.path, entry]));
  const missing: Missing = new Map();
  const wanted: FileEntry[] = [];
  for (const { path } of files) {
    const entry = held.get(path);
    if (entry?.kind === 'file') wanted.push(entry);
    else missing.set(path, notHeld(path, published.revision));
  }
  for (const own of Map.groupBy(wanted, ({ layer }) => layer).values()) {
    try {
      await stage.prepare(own);
      await source.write(own, stage, signal);
    } catch (error) {
      if (signal.aborted || !(error instanceof Failure)) throw error;
      for (const { path } of own) missing.set(path, error);
    }
  }
  return missing;
}

function notHeld(path: string, revision: Revision): RefusedError {
  return new RefusedError({
    problem: `the source does not have ${path} at ${revision} as it was published`,
    cure: 'push the change that brings the wanted set, or put the file back by hand',
  });
}
