import type { Generation } from '../publish/generation.ts';
import type { Manifest } from '../publish/manifest.ts';
import { byPath } from '../publish/manifest.ts';
import { isSameSet, type Stage, type StageOptions } from '../publish/stage.ts';
import type { SymlinkPublisher } from '../publish/symlink-publisher.ts';
import type { FileEntry, Revision, Snapshot } from '../snapshot/entry.ts';
import { checkGuardRails } from '../snapshot/guard-rails.ts';
import { applyLinkRule } from '../snapshot/links.ts';
import { checkCoexistence } from '../snapshot/path-rules.ts';
import type { Parts } from './parts.ts';

export type Prepared =
  | { readonly kind: 'equal' }
  | { readonly kind: 'staged'; readonly stage: Stage; readonly manifest: Manifest };

export interface PrepareOptions {
  readonly parts: Parts;
  readonly publisher: SymlinkPublisher;
  readonly stageOptions: StageOptions;
  readonly current: Generation | undefined;
  readonly snapshot: Snapshot;
  readonly sequence: number;
}

/**
 * stage → guard: makes the next generation from a snapshot, out of what the current one already holds and what the
 * source must write. Nothing of it is visible; the caller disposes of the stage.
 */
export async function prepareSet(options: PrepareOptions, signal: AbortSignal): Promise<Prepared> {
  const { parts, publisher, current, snapshot } = options;
  const entries = applyLinkRule(snapshot.entries, parts.linkRule).toSorted(byPath);
  checkCoexistence(entries);
  const published = new Set<string>(current?.manifest.files.map(({ path }) => path));
  checkGuardRails(entries, published, parts.guardRails);
  if (current !== undefined && isSameSet(entries, current.manifest, options.stageOptions))
    return { kind: 'equal' };
  await publisher.refuseForeign(entries);
  await using stack = new AsyncDisposableStack();
  const stage = stack.use(await publisher.newStage());
  await stage.prepare(entries);
  const files = entries.filter((entry): entry is FileEntry => entry.kind === 'file');
  const missing =
    current === undefined ? files : await stage.carryOver(files, current.directory, current.manifest);
  if (missing.length > 0) await parts.source.write(missing, stage, signal);
  const manifest = await stage.seal(headOf(parts, snapshot.revision, options.sequence));
  signal.throwIfAborted();
  stack.move();
  return { kind: 'staged', stage, manifest };
}

/** The good generation, copied: another inode for every file, and each checked against its digest. */
export async function prepareRollback(
  { parts, publisher, sequence }: Pick<PrepareOptions, 'parts' | 'publisher' | 'sequence'>,
  good: Generation,
): Promise<{ readonly stage: Stage; readonly manifest: Manifest }> {
  await using stack = new AsyncDisposableStack();
  const stage = stack.use(await publisher.newStage());
  await stage.copyAll(good.directory, good.manifest);
  const manifest = await stage.seal(headOf(parts, good.manifest.revision, sequence));
  stack.move();
  return { stage, manifest };
}

function headOf(parts: Parts, revision: Revision, sequence: number) {
  return { source: parts.source.description, revision, sequence, publishedAt: new Date().toISOString() };
}
