import { symlinkSync, unlinkSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { TargetError } from '../failure/failure.ts';
import { inSlices } from '../platform/slices.ts';
import { manifestName } from '../snapshot/path-rules.ts';
import { findEntry } from './find-entry.ts';
import { isFilled } from './is-filled.ts';
import { exists, isOwnLink, linkText, readLink, visibleText } from './own-links.ts';
import { placeLink } from './place-link.ts';
import type { PlainFiles } from './plain-files.ts';
import { dataLink, dataTemporary } from './shape.ts';
import { onTarget } from './target-errors.ts';

/** The first elements of a set's paths: each is one visible link. */
export function topLevelNames(paths: Iterable<string>): ReadonlySet<string> {
  const names = new Set<string>();
  for (const path of paths) {
    const end = path.indexOf('/');
    names.add(end === -1 ? path : path.slice(0, end));
  }
  return names;
}

/** Throws `TargetError` when something that Wherry did not write, in this mode or in another, holds one of the names. */
export async function refuseForeign(
  target: string,
  names: ReadonlySet<string>,
  plain: PlainFiles | undefined,
): Promise<void> {
  for (const entry of await onTarget(readdir(target, { withFileTypes: true }))) {
    if (!names.has(entry.name)) continue;
    const foreign = await foreignAt(target, entry.name, plain);
    if (foreign !== undefined) throw inTheWay(foreign);
  }
}

/** The path of what Wherry did not write at or below a name that is held; undefined when all of it may be replaced. */
export async function foreignAt(
  target: string,
  name: string,
  plain: PlainFiles | undefined,
): Promise<string | undefined> {
  const foreign = await notOurs(target, name, plain);
  return foreign === undefined || (await tookPlace(target, name)) ? undefined : foreign;
}

async function notOurs(
  target: string,
  name: string,
  plain: PlainFiles | undefined,
): Promise<string | undefined> {
  const path = join(target, name);
  const text = await readLink(path);
  if (text !== undefined && isOwnLink(name, text)) return undefined;
  return plain === undefined ? path : plain.foreignAt(name);
}

/**
 * Whether what has the name took the place of a link that we made, as an editor does that saves by a rename: the set that
 * readers see has that name. A directory with files in it does not go for that.
 */
async function tookPlace(target: string, name: string): Promise<boolean> {
  const generation = await readLink(join(target, dataLink));
  if (generation === undefined || !isOwnLink(dataLink, generation)) return false;
  const set = join(target, generation);
  const isPublished = findEntry(join(set, name)) !== undefined && (await exists(join(set, manifestName)));
  return isPublished && !isFilled(join(target, name));
}

export function inTheWay(path: string, isAdoptable = false): TargetError {
  return new TargetError({
    setting: 'WHERRY_TARGET',
    problem: `${path} is in the way: that name is needed, and Wherry did not write it`,
    cure: `remove it, ${isAdoptable ? 'have it replaced with WHERRY_ADOPT=true, ' : ''}or leave a name of the set out with WHERRY_EXCLUDE`,
  });
}

/** The same of a name that Wherry has for itself, whatever is in the set. */
export function ownNameInTheWay(path: string): TargetError {
  return new TargetError({
    setting: 'WHERRY_TARGET',
    problem: `${path} is in the way: Wherry needs that name for itself, and did not write it`,
    cure: 'remove it, or name another directory',
  });
}

export interface PuttingRight {
  /** Hears the names that were missing, led elsewhere, or were something else's. */
  readonly onPutBack?: (name: string) => void;
  /** What took the place of a link stays. */
  readonly leavesOthers?: boolean;
}

/** Makes the missing links, then removes the stale ones. True when something had to be done. */
export async function putLinksRight(
  target: string,
  names: ReadonlySet<string>,
  plain: PlainFiles | undefined,
  { onPutBack, leavesOthers = false }: PuttingRight = {},
): Promise<boolean> {
  let changed = false;
  const didPut = (name: string) => {
    onPutBack?.(name);
    changed = true;
  };
  const found = await onTarget(readdir(target, { withFileTypes: true }));
  const held = new Set(found.map(({ name }) => name));
  const put = inSlices(names, (name) => {
    if (held.has(name)) return;
    symlinkSync(visibleText(name), join(target, name));
    didPut(name);
  });
  await onTarget(put);
  // What takes the place of another mode's name comes last: until then its readers find everything.
  const taken = [...names].filter((name) => held.has(name));
  for (const name of await notLeading(target, taken)) {
    if (leavesOthers && (await notOurs(target, name, plain)) !== undefined) continue;
    await refuseForeign(target, new Set([name]), plain);
    await placeLink({ target, link: name, temporary: dataTemporary, text: visibleText(name) });
    didPut(name);
  }
  const unwanted = found.filter((entry) => entry.isSymbolicLink() && !names.has(entry.name));
  const removal = inSlices(unwanted, ({ name }) => {
    if (!isVisibleLink(target, name)) return;
    unlinkSync(join(target, name));
    changed = true;
  });
  await onTarget(removal);
  return changed;
}

/** Those of the names that are not the visible links they should be. */
async function notLeading(target: string, names: readonly string[]): Promise<readonly string[]> {
  const found: string[] = [];
  const look = inSlices(names, (name) => {
    if (!isVisibleLink(target, name)) found.push(name);
  });
  await onTarget(look);
  return found;
}

function isVisibleLink(target: string, name: string): boolean {
  return linkText(join(target, name)) === visibleText(name);
}
