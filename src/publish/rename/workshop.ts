import { cp, readdir, rename, rmdir, symlink, unlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { systemCode } from '../../failure/failure.ts';
import { ensureDirectory } from '../../platform/directory.ts';
import { removeTree } from '../closed-directories.ts';
import { isGenerationName } from '../generation.ts';
import { ownNameInTheWay } from '../links.ts';
import { isOwnDirectory } from '../own-directory.ts';
import { readLink } from '../own-links.ts';
import type { PublisherOptions } from '../publisher.ts';
import { claim, isOfTarget, targetRecord } from './whose.ts';

export type Places = Pick<PublisherOptions, 'target' | 'stateDir'>;

/**
 * The workshop is the private directory in which sets are made before their files are renamed into the target. It keeps
 * what a rollback needs, and two links: `current` names the set that was published whole, `next` the one that is being
 * put in the place of it.
 */
export type Pointer = 'current' | 'next';

const temporaryPointer = 'pointer_tmp';
const trial = '..trial';
const ownMode = 0o700;

/** A program may look into every directory of the target: the workshop is beside it where that is the same volume. */
function placesOf({ target, stateDir }: Places): { readonly inside: string; readonly beside: string } {
  return { inside: join(target, '..generations'), beside: join(stateDir, 'generations') };
}

/** The workshop of an earlier run. */
export async function findWorkshop(places: Places): Promise<string | undefined> {
  for (const place of await ownPlaces(places)) {
    if ((await readPointer(place, 'current')) ?? (await readPointer(place, 'next'))) return place;
  }
  return undefined;
}

/** Removes what a run that never published plain files left. */
export async function removeUnusedWorkshops(places: Places): Promise<void> {
  if ((await findWorkshop(places)) !== undefined) return;
  for (const place of await ownPlaces(places)) {
    const names = await readdir(place).catch(() => []);
    if (names.length > 0 && names.every(isOwnName)) await removeTree(place);
    else if (names.length === 0) await rmdir(place).catch(() => undefined);
  }
}

function isOwnName(name: string): boolean {
  if (isGenerationName(name) || name.startsWith(targetRecord)) return true;
  return ['current', 'next', temporaryPointer, trial].includes(name);
}

/** Neither what is behind a link nor what is about another target. */
async function ownPlaces(places: Places): Promise<readonly string[]> {
  const { inside, beside } = placesOf(places);
  const isInside = isOwnDirectory(places.target, basename(inside));
  return [...(isInside ? [inside] : []), ...((await isOfTarget(beside, places.target)) ? [beside] : [])];
}

/** Finds the workshop, or makes it; one that is on another volume now is moved into the target. */
export async function openWorkshop(places: Places): Promise<string> {
  const { inside, beside } = placesOf(places);
  const found = await findWorkshop(places);
  if (found === inside) return inside;
  if (!(await isOfTarget(beside, places.target))) return makeInside(places.target, inside);
  await ensureDirectory(places.stateDir, ownMode);
  await ensureDirectory(beside, ownMode);
  if (await isOneVolume(beside, places.target, found !== undefined)) {
    await claim(beside, places.target);
    return beside;
  }
  if (found === undefined) {
    await rmdir(beside).catch(() => undefined);
    return makeInside(places.target, inside);
  }
  const copy = join(places.target, '..generations_tmp');
  await removeTree(copy);
  await cp(beside, copy, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
  await removeTree(inside);
  await rename(copy, inside);
  await removeTree(beside);
  return inside;
}

async function makeInside(target: string, inside: string): Promise<string> {
  await ensureDirectory(inside, ownMode);
  if (!isOwnDirectory(target, basename(inside))) throw ownNameInTheWay(inside);
  return inside;
}

/**
 * Whether a rename leads from one to the other. Two mounts of one volume have the same device number, and yet it does
 * not: the kernel says so for a name that is not there too, and nobody who watches the target is woken for that. Some
 * file systems have borders of their own; a real rename shows them.
 */
async function isOneVolume(from: string, to: string, isProven: boolean): Promise<boolean> {
  const attempt = async () => {
    try {
      await rename(join(from, trial), join(to, trial));
      await unlink(join(to, trial));
      return undefined;
    } catch (error) {
      const code = systemCode(error);
      if (code === 'EXDEV' || code === 'ENOENT') return code;
      throw error;
    }
  };
  const answer = await attempt();
  if (answer === 'EXDEV') return false;
  if (answer === undefined || isProven) return true;
  await writeFile(join(from, trial), '', { mode: 0o600 });
  if ((await attempt()) === undefined) return true;
  await unlink(join(from, trial));
  return false;
}

/** The name of the generation that a pointer leads to. */
export async function readPointer(workshop: string, pointer: Pointer): Promise<string | undefined> {
  const name = await readLink(join(workshop, pointer));
  return name !== undefined && isGenerationName(name) ? name : undefined;
}

/** The journal: from now on a start finishes what this one does not. */
export async function pointNext(workshop: string, name: string): Promise<void> {
  const temporary = join(workshop, temporaryPointer);
  await removeTree(temporary);
  await symlink(name, temporary);
  await rename(temporary, join(workshop, 'next'));
}

/** The journal becomes the pointer to the current set: one rename ends a publish. */
export function turnCurrent(workshop: string): Promise<void> {
  return rename(join(workshop, 'next'), join(workshop, 'current'));
}

/** A directory in the workshop that readers never see. */
export async function ensurePrivate(path: string): Promise<void> {
  await ensureDirectory(path, ownMode);
}
