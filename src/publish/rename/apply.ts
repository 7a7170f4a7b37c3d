import { renameSync, rmdirSync, unlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { systemCode } from '../../failure/failure.ts';
import { closeDirectory } from '../closed-directories.ts';
import { findEntry } from '../find-entry.ts';
import { inTheWay } from '../links.ts';
import type { Manifest, ManifestEntry } from '../manifest.ts';
import type { Difference } from './difference.ts';
import { Doors } from './doors.ts';
import type { Ground } from './ground.ts';
import { isAnyBelow } from './ordered.ts';
import type { Ownership } from './ownership.ts';
import { parentsOf } from './standing.ts';

export interface Applying {
  readonly target: string;
  /** The generation's directory, which holds what is new. */
  readonly stage: string;
  readonly manifest: Pick<Manifest, 'files' | 'dirMode'>;
  readonly difference: Difference;
  readonly ground: Ground;
  readonly own: Ownership;
  readonly guests: ReadonlySet<string>;
  /** What the directories of the set before had. */
  readonly formerDirMode: string | undefined;
  /** It was begun before: what is not in the stage any more is in the target. */
  readonly isRedo: boolean;
}

/** So many quick calls take about a millisecond. */
const sliceLength = 32;

/**
 * Brings the target from one set to the next, name by name: new and changed files by a rename each (a directory that is
 * not there yet by one for all of it), then deletions, then directories that are empty. It can be stopped at any
 * instant and begun again.
 */
export class Application {
  readonly #options: Applying;
  readonly #doors: Doors;
  readonly #dirMode: number;
  /** Whether a directory of the set came as a whole. */
  readonly #arrivals = new Map<string, boolean>();
  /** Directories whose entries changed, relative to the target. */
  readonly #touched = new Set<string>();
  #calls = 0;

  constructor(options: Applying) {
    this.#options = options;
    this.#dirMode = Number.parseInt(options.manifest.dirMode, 8);
    const former = Number.parseInt(options.formerDirMode ?? options.manifest.dirMode, 8);
    this.#doors = new Doors([this.#dirMode, former]);
  }

  /** Resolves to the directories that are to be made durable, relative to the target. */
  async run(): Promise<ReadonlySet<string>> {
    const { difference, ground } = this.#options;
    const { changes, removals } = difference;
    // Until everything is there, readers find it behind the links of the mode before.
    const replacesLink = ({ path }: ManifestEntry) => ground.replacesLink(path);
    for (const { path } of changes.filter((entry) => !replacesLink(entry))) await this.#put(path);
    for (const { path } of changes.filter(replacesLink)) await this.#put(path);
    for (const path of removals) await this.#remove(path);
    await this.#removeEmpty(removals);
    await this.#setModes();
    return this.#touched;
  }

  async #put(path: string): Promise<void> {
    const { target, stage, ground, isRedo } = this.#options;
    const parent = dirname(path);
    if (parent !== '.' && (await this.#enter(parent))) return;
    await this.#turn();
    if (isRedo && !isThere(join(stage, path))) return this.#open(parent);
    if (ground.file(path) === 'directory') await this.#clear(path);
    await this.#open(parent);
    await this.#doors.open(join(stage, parent));
    renameSync(join(stage, path), join(target, path));
    this.#touched.add(parent);
  }

  /** Sees to it that a directory of the set is there. True when it came with all that is in it. */
  async #enter(path: string): Promise<boolean> {
    const known = this.#arrivals.get(path);
    if (known !== undefined) return known;
    const parent = dirname(path);
    const isInside = parent !== '.' && (await this.#enter(parent));
    const arrived = isInside || (await this.#arrive(path));
    this.#arrivals.set(path, arrived);
    return arrived;
  }

  async #arrive(path: string): Promise<boolean> {
    const { target, stage, ground, isRedo } = this.#options;
    const found = ground.directory(path);
    if (found === 'there') return false;
    const from = join(stage, path);
    // Something removed from the target what an earlier run put there.
    if (isRedo && !isThere(from)) return true;
    await this.#open(dirname(path));
    await this.#doors.open(join(stage, dirname(path)));
    await this.#doors.open(from);
    // Node has no call that exchanges two names: these two follow each other at once.
    if (found === 'replaceable') unlinkSync(join(target, path));
    renameSync(from, join(target, path));
    await this.#open(path);
    ground.arrived(path);
    this.#touched.add(dirname(path));
    return true;
  }

  /** Removes a directory of ours in whose place a file comes. */
  async #clear(path: string): Promise<void> {
    const { target, own, guests } = this.#options;
    const inside = own.below(path);
    const directories = [path, ...parentsOf(inside)].filter((other) => other.startsWith(`${path}/`));
    for (const directory of [path, ...directories]) await this.#doors.open(join(target, directory));
    for (const file of inside) unlessGone(() => unlinkSync(join(target, file)));
    for (const directory of [...directories.toSorted(deepestFirst), path]) {
      if (guests.has(directory)) throw inTheWay(join(target, directory));
      try {
        rmdirSync(join(target, directory));
      } catch (error) {
        if (systemCode(error) === 'ENOTEMPTY') throw inTheWay(join(target, directory));
        if (systemCode(error) !== 'ENOENT') throw error;
      }
    }
  }

  async #remove(path: string): Promise<void> {
    const { target, ground } = this.#options;
    const parent = dirname(path);
    if (!ground.isDirectory(parent)) return;
    await this.#turn();
    await this.#open(parent);
    const found = findEntry(join(target, path));
    if (found === undefined || found.isDirectory()) return;
    unlinkSync(join(target, path));
    this.#touched.add(parent);
  }

  /** What others put into a directory of ours stays, and the directory with it. */
  async #removeEmpty(removals: readonly string[]): Promise<void> {
    if (!removals.some((path) => path.includes('/'))) return;
    const { target, ground, guests, manifest } = this.#options;
    const isNeeded = (path: string) => isAnyBelow(manifest.files, path);
    const left = [...parentsOf(removals)].filter((path) => !isNeeded(path) && !guests.has(path));
    for (const path of left.toSorted(deepestFirst)) {
      if (!ground.isDirectory(path)) continue;
      await this.#open(dirname(path));
      try {
        rmdirSync(join(target, path));
        this.#touched.delete(path);
        this.#touched.add(dirname(path));
      } catch (error) {
        const code = systemCode(error) ?? '';
        if (['ENOTEMPTY', 'EEXIST'].includes(code)) this.#doors.leaveOpen(join(target, path));
        else if (!['ENOENT', 'ENOTDIR'].includes(code)) throw error;
      }
    }
  }

  async #setModes(): Promise<void> {
    const { target, ground, manifest, guests, formerDirMode } = this.#options;
    await this.#doors.close(this.#dirMode);
    if (formerDirMode === undefined || formerDirMode === manifest.dirMode) return;
    for (const path of parentsOf(pathsOf(manifest))) {
      if (!guests.has(path) && ground.isDirectory(path))
        await closeDirectory(join(target, path), this.#dirMode);
    }
  }

  /** The target itself, and what was there before us, keep their modes. */
  async #open(path: string): Promise<void> {
    if (path !== '.' && !this.#options.guests.has(path))
      await this.#doors.open(join(this.#options.target, path));
  }

  /** Lets the event loop turn now and then. */
  async #turn(): Promise<void> {
    this.#calls += 1;
    if (this.#calls % sliceLength === 0) await setImmediate();
  }
}

function* pathsOf({ files }: Pick<Manifest, 'files'>): Iterable<string> {
  for (const { path } of files) yield path;
}

function deepestFirst(one: string, other: string): number {
  return other.split('/').length - one.split('/').length;
}

function isThere(path: string): boolean {
  return findEntry(path) !== undefined;
}

function unlessGone(act: () => void): void {
  try {
    act();
  } catch (error) {
    if (!['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) throw error;
  }
}
