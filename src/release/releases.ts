import { MissingError, RefusedError } from '../failure/failure.ts';
import { Lanes } from '../platform/lanes.ts';
import type { Release } from '../sources/s3/pointer/document.ts';
import { refusedDocument } from '../sources/s3/pointer/json-place.ts';
import { isRev } from '../sources/s3/pointer/parse.ts';
import { largestPointer, parsePointer } from '../sources/s3/pointer/pointer.ts';
import { type Current, readCurrent, type Target } from './current.ts';
import { releaseKey, releasesPrefix, urlOf } from './place.ts';
import { bytesOf } from './release-content.ts';

export interface Listed {
  readonly rev: string;
  readonly isCurrent: boolean;
  readonly createdAt: string;
  readonly files: number | undefined;
  readonly bytes: number;
  readonly message: string | undefined;
}

export interface Listing {
  /** The newest first. */
  readonly releases: readonly Listed[];
  /** How many there are besides. */
  readonly older: number;
}

const parallel = 16;

/** The newest releases, by their documents. */
export async function listReleases(target: Target, limit: number, signal: AbortSignal): Promise<Listing> {
  const { release: current } = await readCurrent(target, signal);
  const revs = await revsByAge(target, signal);
  const shown = revs.slice(0, limit);
  // What readers follow is shown however old it is.
  if (current !== undefined && revs.includes(current.rev) && !shown.includes(current.rev))
    shown.push(current.rev);
  const lanes = new Lanes(parallel);
  const releases: Listed[] = [];
  for (const rev of shown) {
    await lanes.enter(async () => {
      const { release } = await readRelease(target, rev, signal);
      releases.push(listedOf(release, rev === current?.rev));
    });
  }
  await lanes.idle();
  const time = ({ createdAt }: Listed) => Date.parse(createdAt);
  return { releases: releases.toSorted((a, b) => time(b) - time(a)), older: revs.length - shown.length };
}

/** Reads the document that stays of a release. */
export async function readRelease(
  target: Target,
  rev: string,
  signal: AbortSignal,
): Promise<{ readonly release: Release; readonly bytes: Buffer }> {
  const { bucket, place } = target;
  const key = releaseKey(place, rev);
  const document = { setting: 'release', display: urlOf(place, key) };
  const found = await bucket.read(key, largestPointer, signal);
  if (found === undefined) throw await noRelease(target, rev, signal);
  const pointer = parsePointer(found.bytes, document, key);
  if (pointer.kind !== 'release') throw refusedDocument(document, 'is not the document of a release');
  const { release } = pointer;
  if (release.rev !== rev) throw refusedDocument(document, `calls itself ${JSON.stringify(release.rev)}`);
  return { release, bytes: found.bytes };
}

/** The release that the pointer named before the present one was made. */
export function previousRev({ release }: Current, { place, pointer }: Target): string {
  const address = urlOf(place, pointer);
  if (release === undefined) {
    throw new RefusedError({
      setting: '--rollback',
      problem: `${address} names no release that \`wherry release\` made, so none is before it`,
      cure: 'name one: --rollback REV; --list shows them',
    });
  }
  if (release.previous !== undefined) return release.previous;
  throw new MissingError({
    setting: '--rollback',
    problem: `${address} is at ${release.rev}, which is the first release`,
    cure: 'name another one: --rollback REV; --list shows them',
  });
}

/** The names of all releases, the newest first. */
async function revsByAge({ bucket, place }: Target, signal: AbortSignal): Promise<string[]> {
  const prefix = releasesPrefix(place);
  const found: { readonly rev: string; readonly time: number }[] = [];
  for await (const page of bucket.list(prefix, signal)) {
    for (const { key, lastModified } of page) {
      const rev = key.slice(prefix.length).replace(/\.json$/, '');
      if (key.endsWith('.json') && isRev(rev)) found.push({ rev, time: lastModified });
    }
  }
  // Of one second, those with a time in their name are in order with it.
  found.sort((a, b) => b.time - a.time || (a.rev < b.rev ? 1 : -1));
  return found.map(({ rev }) => rev);
}

function listedOf(release: Release, isCurrent: boolean): Listed {
  const { rev, createdAt, message, content } = release;
  const files = content.kind === 'files' ? content.files.length : undefined;
  return { rev, isCurrent, createdAt, files, bytes: bytesOf(release), message };
}

async function noRelease(target: Target, rev: string, signal: AbortSignal): Promise<MissingError> {
  const known = (await revsByAge(target, signal)).slice(0, 5);
  return new MissingError({
    setting: '--rollback',
    problem: `there is no release ${JSON.stringify(rev)} in ${urlOf(target.place, releasesPrefix(target.place))}`,
    cure: known.length === 0 ? 'none has been made there' : `the newest are ${known.join(', ')}`,
  });
}
