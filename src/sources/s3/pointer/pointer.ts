import { createHash } from 'node:crypto';
import { RefusedError } from '../../../failure/failure.ts';
import { formatSize } from '../../../platform/units.ts';
import type { Revision } from '../../../snapshot/entry.ts';
import type { NamedFiles, Release } from './document.ts';
import { type DocumentName, refusedDocument } from './json-place.ts';
import { parseRelease } from './parse.ts';
import { type PlainPointer, parsePlain } from './plain-text.ts';

export type Pointer = { readonly kind: 'release'; readonly release: Release } | PlainPointer;

/** The largest pointer that is read. */
export const largestPointer = 16 * 1024 * 1024;
/** The largest object with the files of a release. */
export const largestManifest = 4 * largestPointer;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** What a pointer says: JSON, or one line. Throws `RefusedError` that names the place and the value. */
export function parsePointer(bytes: Uint8Array, document: DocumentName, key: string): Pointer {
  const text = decode(bytes, document);
  return text.trimStart().startsWith('{')
    ? { kind: 'release', release: parseRelease(text, document) }
    : parsePlain(text, document, key);
}

/** The files of a release that stand in an object of their own, which must be the one that the release names. */
export function parseManifest(bytes: Uint8Array, document: DocumentName, sha256: string): NamedFiles {
  const found = sumOf(bytes);
  if (found !== sha256)
    throw refusedDocument(document, `has the SHA-256 ${found}, and the pointer says ${sha256}`);
  const { content } = parseRelease(decode(bytes, document), document);
  if (content.kind === 'files') return content;
  throw refusedDocument(document, 'is not a manifest: it has no list of files');
}

/** `release:<rev>@<the beginning of its document's digest>`: the same name never stands for two contents. */
export function releaseRevision({ rev }: Release, bytes: Uint8Array): Revision {
  return `release:${rev}@${shortSum(bytes)}` as Revision;
}

function shortSum(bytes: Uint8Array): string {
  return sumOf(bytes).slice(0, 12);
}

function sumOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** What a pin or `WHERRY_S3_AS_OF` asks for by the name of a release. */
export interface WantedRelease {
  readonly rev: string;
  /** Undefined: whatever document has the name. */
  readonly sum: string | undefined;
}

export function wantedReleaseOf(revision: string): WantedRelease | undefined {
  const [, rev, sum] = /^release:([^@]+)(?:@([0-9a-f]{12}))?$/.exec(revision) ?? [];
  return rev === undefined ? undefined : { rev, sum };
}

export function isWanted({ rev }: Release, bytes: Uint8Array, wanted: WantedRelease): boolean {
  return rev === wanted.rev && (wanted.sum === undefined || wanted.sum === shortSum(bytes));
}

export function tooLarge({ setting, display }: DocumentName, largest: number): RefusedError {
  return new RefusedError({
    setting,
    problem: `${display} is larger than ${formatSize(largest)}`,
    cure: 'name the document of a release, not the release itself; many files can stand in a manifest, or in an archive',
  });
}

function decode(bytes: Uint8Array, document: DocumentName): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw refusedDocument(document, 'is not UTF-8');
  }
}
