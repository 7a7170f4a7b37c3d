import { lutimesSync } from 'node:fs';
import { readdir, rename, stat, symlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { systemCode, TargetError } from '../failure/failure.ts';
import { ensureDirectory } from '../platform/directory.ts';
import { fsyncPath } from '../platform/flush.ts';
import { inSlices } from '../platform/slices.ts';
import type { Entry, FileEntry } from '../snapshot/entry.ts';
import { manifestName } from '../snapshot/path-rules.ts';
import { fillingMode, removeTree } from './closed-directories.ts';
import { type Generation, generationName, isGenerationName, readGeneration } from './generation.ts';
import { dataLink, inTheWay, putLinksRight, readLink, refuseForeign, topLevelNames } from './links.ts';
import type { Manifest } from './manifest.ts';
import type { Collected, Filling, Publisher, PublisherOptions, Repair } from './publisher.ts';
import { Stage } from './stage.ts';
import { onTarget } from './target-errors.ts';

const temporaryLink = '..data_tmp';

/** Publishes as the kubelet does for ConfigMap volumes: complete generations, and one renamed link to the current. */
export class SymlinkPublisher implements Publisher {
  readonly #options: PublisherOptions;

  constructor(options: PublisherOptions) {
    this.#options = options;
  }

  async open(): Promise<void> {
    const { target, dirMode } = this.#options;
    await onTarget(ensureDirectory(target, fillingMode(dirMode)));
    await onTarget(removeTree(join(target, temporaryLink)));
  }

  /** Throws `TargetError` when `..data` is somebody else's. */
  async current(isOurs: boolean): Promise<Generation | undefined> {
    const { target } = this.#options;
    const link = join(target, dataLink);
    const name = await readLink(link);
    if (name === undefined) {
      if (await exists(link)) throw inTheWay(link);
      return undefined;
    }
    const generation = await onTarget(readGeneration(target, name));
    const isKnown = generation !== undefined || (isGenerationName(name) && isOurs);
    if (isKnown || (isGenerationName(name) && !(await exists(join(target, name))))) return generation;
    throw new TargetError({
      setting: 'WHERRY_TARGET',
      problem: `${join(target, dataLink)} -> ${name} was not made by Wherry`,
      cure: 'name a directory of its own, not a ConfigMap or Secret volume',
    });
  }

  generation(name: string): Promise<Generation | undefined> {
    return onTarget(readGeneration(this.#options.target, name));
  }

  refuseForeign(entries: readonly Entry[]): Promise<void> {
    return refuseForeign(this.#options.target, topLevelNames(entries.map(({ path }) => path)));
  }

  newStage(): Promise<Stage> {
    return Stage.create(join(this.#options.target, generationName(new Date())), this.#options);
  }

  async fill(stage: Stage, { entries, current }: Filling): Promise<readonly FileEntry[]> {
    await stage.prepare(entries);
    const files = entries.filter((entry): entry is FileEntry => entry.kind === 'file');
    return current === undefined ? files : stage.carryOver(files, current.directory, current.manifest);
  }

  copy(stage: Stage, { directory, manifest }: Generation, signal: AbortSignal): Promise<void> {
    return stage.copyAll(directory, manifest, signal);
  }

  /** One rename. */
  async swap(stage: Stage, manifest: Manifest, signal: AbortSignal): Promise<Generation> {
    const { target } = this.#options;
    await refuseForeign(target, topLevelNames(manifest.files.map(({ path }) => path)));
    signal.throwIfAborted();
    const name = basename(stage.directory);
    await this.#turn(name);
    stage.keep();
    return { name, directory: stage.directory, root: stage.directory, manifest };
  }

  /**
   * Makes and removes visible links, then wakes those who watch the replaced generation. Without `replaced` (after a
   * restart) every older generation that nobody was woken for is taken.
   */
  async finish(current: Generation, replaced: Generation | undefined): Promise<void> {
    const { target, fsync } = this.#options;
    await putLinksRight(target, topLevelNames(current.manifest.files.map(({ path }) => path)));
    if (fsync) await onTarget(fsyncPath(target));
    for (const old of replaced === undefined ? await this.#unretired(current) : [replaced]) {
      await onTarget(retire(old));
    }
  }

  /** Puts `..data` and the visible links right. */
  async repair(name: string, names: ReadonlySet<string>): Promise<Repair> {
    const { target } = this.#options;
    if (!(await exists(join(target, name, manifestName)))) return 'lost';
    const found = await readLink(join(target, dataLink));
    if (found !== name) await this.#turn(name);
    const linked = await putLinksRight(target, names);
    if (found !== name && found !== undefined) return 'contested';
    return found !== name || linked ? 'repaired' : 'intact';
  }

  async collect(sequence: number, keep: ReadonlySet<string>): Promise<Collected> {
    const { target, retain } = this.#options;
    const current = await readLink(join(target, dataLink));
    let due: number | undefined;
    let failure: unknown;
    for (const name of await onTarget(readdir(target))) {
      if (!isGenerationName(name) || name === current || keep.has(name)) continue;
      try {
        const age = await this.#ageOfReplaced(name, sequence);
        if (age === undefined || age >= retain) await removeTree(join(target, name));
        else due = Math.min(due ?? retain, retain - age);
      } catch (error) {
        failure ??= error;
      }
    }
    return { due, failure };
  }

  async #turn(name: string): Promise<void> {
    const { target } = this.#options;
    const temporary = join(target, temporaryLink);
    await onTarget(removeTree(temporary));
    await onTarget(symlink(name, temporary));
    await onTarget(rename(temporary, join(target, dataLink)));
  }

  /** Older generations whose directory was not touched since the current one was made. */
  async #unretired(current: Generation): Promise<readonly Generation[]> {
    const { target } = this.#options;
    const { ctimeMs } = await onTarget(stat(join(current.directory, manifestName)));
    const found: Generation[] = [];
    for (const name of await onTarget(readdir(target))) {
      if (!isGenerationName(name) || name === current.name) continue;
      const generation = await this.generation(name);
      const isOlder = generation !== undefined && generation.manifest.sequence < current.manifest.sequence;
      if (isOlder && (await onTarget(stat(generation.directory))).mtimeMs < ctimeMs) found.push(generation);
    }
    return found;
  }

  /** Milliseconds since a generation was replaced; undefined for one that never was published. */
  async #ageOfReplaced(name: string, sequence: number): Promise<number | undefined> {
    const generation = await readGeneration(this.#options.target, name);
    if (generation === undefined || generation.manifest.sequence >= sequence) return undefined;
    const replacedAt = (await stat(generation.directory)).mtimeMs;
    // A clock that was set back makes the age negative: then it counts from that distance, and still ends.
    return Math.abs(Date.now() - replacedAt);
  }
}

/**
 * New timestamps for the replaced files wake watchers that hold their inodes and would see nothing else. The manifest's
 * come last but for the directory's, whose time says when the generation was replaced.
 */
async function retire({ directory, manifest }: Generation): Promise<void> {
  const now = new Date();
  await inSlices(manifest.files, ({ path }) => touch(join(directory, path), now));
  touch(join(directory, manifestName), now);
  touch(directory, now);
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) return false;
    return onTarget(Promise.reject(error));
  }
}

/** What something else removed or protects has nobody left to wake. */
function touch(path: string, time: Date): void {
  try {
    lutimesSync(path, time, time);
  } catch (error) {
    if (!['ENOENT', 'ENOTDIR', 'EPERM', 'EACCES', 'EROFS'].includes(systemCode(error) ?? '')) throw error;
  }
}
