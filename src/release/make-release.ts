import type { Settings } from '../settings/schema.ts';
import { contentFingerprint } from '../snapshot/content-fingerprint.ts';
import { checkGuardRails } from '../snapshot/guard-rails.ts';
import { applyLinkRule } from '../snapshot/links.ts';
import { pathFilterOf } from '../snapshot/path-filter.ts';
import { checkCoexistence } from '../snapshot/path-rules.ts';
import { formatRelease, type Release } from '../sources/s3/pointer/document.ts';
import { missingObjects } from './blobs.ts';
import { readCurrent, refusePlainText, type Target } from './current.ts';
import { type LocalSet, listDirectory } from './directory.ts';
import { type Hashed, hashFiles } from './hash-files.ts';
import { keepDocument } from './keep-document.ts';
import { movePointer } from './move-pointer.ts';
import { blobKey, blobsPrefix, releasesPrefix } from './place.ts';
import { bytesOf, filesOf, hasFiles, revOf } from './release-content.ts';
import { type Blob, uploadBlobs } from './upload.ts';

export interface MakeOptions {
  readonly settings: Settings;
  readonly directory: string;
  /** Undefined = after time and content. */
  readonly rev: string | undefined;
  readonly message: string | undefined;
  readonly dryRun: boolean;
  /** Also what the pointer names already, and in the place of plain text. */
  readonly force: boolean;
  readonly observer: Observer;
}

/** Told how far it has come. */
export interface Observer {
  onLeftOut(paths: readonly string[]): void;
  onUpload(files: number, bytes: number): void;
  onUploaded(bytes: number): void;
}

export interface Made {
  readonly result: 'released' | 'unchanged' | 'dry-run';
  readonly rev: string;
  readonly previous: string | undefined;
  readonly files: number;
  readonly bytes: number;
  /** Contents that are not in the bucket, or were not. */
  readonly uploads: { readonly objects: number; readonly bytes: number };
}

/**
 * Makes a release of a directory: contents first, then the document that stays, the pointer last. Whatever ends it
 * before that leaves the readers with what they have, and what was uploaded is there for the next try.
 */
export async function makeRelease(target: Target, options: MakeOptions, signal: AbortSignal): Promise<Made> {
  const { settings, dryRun, force, observer } = options;
  const { bucket, place } = target;
  const { set, hashed } = await readSet(options, signal);
  const content = filesOf(set, hashed, place);
  const current = await readCurrent(target, signal);
  if (!force) refusePlainText(current, target);
  const previous = current.release?.rev;
  const release: Release = {
    rev: options.rev ?? revOf(content, new Date()),
    createdAt: new Date().toISOString(),
    message: options.message,
    previous,
    releases: releasesPrefix(place),
    content,
  };
  const made = { rev: release.rev, previous, files: content.files.length, bytes: bytesOf(release) };
  if (current.release !== undefined && !force && hasFiles(current.release, content)) {
    return { ...made, result: 'unchanged', rev: current.release.rev, uploads: { objects: 0, bytes: 0 } };
  }
  const blobs = hashed.map((file): Blob => ({ ...file, key: blobKey(place, file.sha256) }));
  const parallel = settings.s3Concurrency;
  const missing = await missingObjects(blobs, { bucket, prefix: blobsPrefix(place), parallel }, signal);
  const uploads = { objects: missing.length, bytes: missing.reduce((sum, { size }) => sum + size, 0) };
  if (dryRun) return { ...made, result: 'dry-run', uploads };
  observer.onUpload(uploads.objects, uploads.bytes);
  const conditional = target.comparesAndSwaps;
  const onUploaded = (bytes: number) => observer.onUploaded(bytes);
  await uploadBlobs(missing, { bucket, parallel, conditional, onUploaded }, signal);
  const bytes = Buffer.from(formatRelease(release));
  const document = await keepDocument(target, release.rev, bytes, signal);
  await movePointer(target, current, document, signal);
  return { ...made, result: 'released', uploads };
}

/** Holds the rules of a reader against the directory, so that nothing is released which all of them would refuse. */
async function readSet(
  { settings, directory, observer }: MakeOptions,
  signal: AbortSignal,
): Promise<{ readonly set: LocalSet; readonly hashed: readonly Hashed[] }> {
  const { include, exclude, maxFiles, maxBytes, require = [], allowEmpty, symlinks } = settings;
  const listed = await listDirectory(directory, await pathFilterOf({ include, exclude }), signal);
  if (listed.leftOut.length > 0) observer.onLeftOut(listed.leftOut);
  const unread = contentFingerprint('');
  const entries = applyLinkRule(
    listed.entries.map((entry) => (entry.kind === 'link' ? entry : { ...entry, fingerprint: unread })),
    symlinks,
  );
  checkCoexistence(entries);
  checkGuardRails(entries, new Set(), {
    maxFiles,
    maxDelete: 1,
    require,
    allowEmpty,
    kept: [],
    refuseCollapse: false,
  });
  const kept = new Set<string>(entries.map(({ path }) => path));
  const set = { ...listed, entries: listed.entries.filter(({ path }) => kept.has(path)) };
  return { set, hashed: await hashFiles(set.entries, maxBytes, signal) };
}
