import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../../failure/failure.ts';
import { findEntry } from '../find-entry.ts';
import { type Generation, isGenerationName } from '../generation.ts';
import { readManifest } from '../manifest.ts';
import { differenceOf } from './difference.ts';
import { findWorkshop, type Places, readPointer } from './workshop.ts';

/** What of the target is ours. */
export interface Standing {
  /** The set that was last published whole. */
  readonly current: Generation | undefined;
  /**
   * Paths that are ours, and at which an unfinished publish may have changed something. While there are any, readers see
   * nothing whole.
   */
  readonly unsure: ReadonlySet<string>;
  /** Directories of the set that were there before it: they stay when the set leaves them. */
  readonly guests: ReadonlySet<string>;
}

export const nothing: Standing = { current: undefined, unsure: new Set(), guests: new Set() };

/** What a manifest cannot say. No path of a set can have its name. */
const ledgerName = '..ledger.json';

type Ledger = Pick<Standing, 'unsure' | 'guests'>;

/** A generation of the workshop. Its files are in the target while it is the current one. */
export async function readKept(
  workshop: string,
  name: string | undefined,
  root?: string,
): Promise<Generation | undefined> {
  if (name === undefined || !isGenerationName(name)) return undefined;
  const directory = join(workshop, name);
  const manifest = await readManifest(directory);
  return manifest === undefined ? undefined : { name, directory, root: root ?? directory, manifest };
}

/** The same, for who has no publisher. */
export async function findKept(places: Places, name: string): Promise<Generation | undefined> {
  const workshop = await findWorkshop(places);
  return workshop === undefined ? undefined : readKept(workshop, name, places.target);
}

/** What the pointers say: how things stand without the publish that is unfinished, and the generation of that. */
export async function readStanding(
  workshop: string,
  target: string,
): Promise<{ readonly before: Standing; readonly next: Generation | undefined }> {
  const current = await readKept(workshop, await readPointer(workshop, 'current'), target);
  const next = await readKept(workshop, await readPointer(workshop, 'next'), target);
  const { unsure, guests } = await readLedger((next ?? current)?.directory);
  return { before: { current, unsure: next === undefined ? nothing.unsure : unsure, guests }, next };
}

/**
 * How things stand when an unfinished publish did a part of its work. What is still in its stage was not put in place,
 * and what is there instead is as it was: it may be somebody else's.
 */
export function halfway(before: Standing, next: Generation): Standing {
  const { changes, removals } = differenceOf(before, next.manifest);
  const unsure = new Set(before.unsure);
  for (const { path } of changes) if (findEntry(join(next.directory, path)) === undefined) unsure.add(path);
  for (const path of removals) {
    if (findEntry(join(next.root, path))?.isDirectory() !== false) unsure.add(path);
  }
  return { ...before, unsure };
}

/** Mostly there is nothing to say, and no file. */
export async function writeLedger(
  directory: string,
  { unsure, guests }: Ledger,
): Promise<string | undefined> {
  if (unsure.size === 0 && guests.size === 0) return undefined;
  const path = join(directory, ledgerName);
  await writeFile(path, `${JSON.stringify({ unsure: [...unsure], guests: [...guests] })}\n`, { mode: 0o600 });
  return path;
}

async function readLedger(directory: string | undefined): Promise<Ledger> {
  if (directory === undefined) return nothing;
  try {
    const parsed: unknown = JSON.parse(await readFile(join(directory, ledgerName), 'utf8'));
    const { unsure, guests } = parsed as Readonly<Record<keyof Ledger, readonly string[]>>;
    return { unsure: new Set(unsure), guests: new Set(guests) };
  } catch (error) {
    // It is durable before the journal names its generation: what cannot be parsed is of no publish that began.
    if (systemCode(error) === 'ENOENT' || error instanceof SyntaxError) return nothing;
    throw error;
  }
}

/** Every path that is ours. */
export function ownPaths({ current, unsure }: Pick<Standing, 'current' | 'unsure'>): Set<string> {
  const paths = new Set(unsure);
  for (const { path } of current?.manifest.files ?? []) paths.add(path);
  return paths;
}

/** The directories in which paths lie, at every level. */
export function parentsOf(paths: Iterable<string>): Set<string> {
  const parents = new Set<string>();
  for (const path of paths) {
    for (let end = path.lastIndexOf('/'); end !== -1; end = path.lastIndexOf('/', end - 1)) {
      const parent = path.slice(0, end);
      if (parents.has(parent)) break;
      parents.add(parent);
    }
  }
  return parents;
}
