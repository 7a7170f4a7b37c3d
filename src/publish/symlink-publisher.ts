import { lstatSync } from 'node:fs';
import { basename, join } from 'node:path';
import { TargetError } from '../failure/failure.ts';
import { ensureDirectory } from '../platform/directory.ts';
import { fsyncPath } from '../platform/flush.ts';
import type { Entry, FileEntry } from '../snapshot/entry.ts';
import { manifestName } from '../snapshot/path-rules.ts';
import { closeDirectory, fillingMode, removeTree } from './closed-directories.ts';
import { collectGenerations, removeEmptyPlace, type Sequences } from './collect.ts';
import { clearFormer } from './former.ts';
import { type Generation, placeOfGeneration, readGeneration } from './generation.ts';
import {
  foreignAt,
  ownNameInTheWay,
  type PuttingRight,
  putLinksRight,
  refuseForeign,
  topLevelNames,
} from './links.ts';
import type { Manifest } from './manifest.ts';
import { isOwnDirectory } from './own-directory.ts';
import { exists, isOwnLink, readLink } from './own-links.ts';
import { placeLink } from './place-link.ts';
import { FormerPlainFiles } from './plain-files.ts';
import type { Collected, Filling, IsOurs, Publisher, PublisherOptions, Repair } from './publisher.ts';
import { retire, unretired } from './retire.ts';
import { dataShape, generationOfText, type Shape } from './shape.ts';
import { Stage } from './stage.ts';
import { onTarget } from './target-errors.ts';

/** Publishes complete generations, and one renamed link to the current: as the kubelet does, or as git-sync does. */
export class SymlinkPublisher implements Publisher {
  readonly #options: PublisherOptions;
  readonly #shape: Shape;
  #plain: FormerPlainFiles;
  readonly #sequences: Sequences = new Map();

  constructor(options: PublisherOptions, shape: Shape = dataShape) {
    this.#options = options;
    this.#shape = shape;
    this.#plain = new FormerPlainFiles(options);
  }

  get pointer(): string {
    return this.#shape.link;
  }

  async open(): Promise<void> {
    const { target, dirMode } = this.#options;
    const { place, temporary } = this.#shape;
    const directory = join(target, place);
    await onTarget(ensureDirectory(target, fillingMode(dirMode)));
    this.#refuseForeignPlace();
    await onTarget(ensureDirectory(directory, fillingMode(dirMode)));
    // It has the mode of the time at which it was made. One of another user keeps its own.
    if (place !== '') await closeDirectory(directory, fillingMode(dirMode)).catch(() => undefined);
    await onTarget(removeTree(join(target, temporary)));
  }

  forget(): void {
    this.#plain = new FormerPlainFiles(this.#options);
    this.#sequences.clear();
  }

  /** Throws `TargetError` when the link is somebody else's. */
  async current(isOurs: IsOurs): Promise<Generation | undefined> {
    const { target } = this.#options;
    const { link } = this.#shape;
    const text = await readLink(join(target, link));
    if (text === undefined) {
      await this.#refuseForeignLink();
      return undefined;
    }
    const name = generationOfText(this.#shape, text);
    if (name === undefined) {
      if (isOwnLink(link, text)) return undefined;
      throw notMadeByUs(this.#shape, join(target, link), text);
    }
    const generation = await this.generation(name);
    if (generation !== undefined || isOurs(name) || !(await exists(join(target, text)))) return generation;
    // One that cannot be read is ours too: the volume lost its content.
    if (await exists(join(target, text, manifestName))) return undefined;
    throw notMadeByUs(this.#shape, join(target, link), text);
  }

  async generation(name: string): Promise<Generation | undefined> {
    const generation = await onTarget(readGeneration(this.#options.target, name));
    return generation ?? (await this.#plain.find())?.generation(name);
  }

  async refuseForeign(entries: readonly Entry[]): Promise<void> {
    this.#refuseForeignPlace();
    await this.#refuseForeignLink();
    await this.#refuseForeignNames(entries);
  }

  async newStage(): Promise<Stage> {
    const { place, newName } = this.#shape;
    const { target, dirMode } = this.#options;
    const directory = join(target, place);
    this.#refuseForeignPlace();
    // Somebody may have removed it with all of the target's content.
    await onTarget(ensureDirectory(directory, fillingMode(dirMode)));
    return Stage.create(join(directory, newName(new Date())), this.#options);
  }

  async fill(stage: Stage, { entries, current }: Filling): Promise<readonly FileEntry[]> {
    await stage.prepare(entries);
    const files = entries.filter((entry): entry is FileEntry => entry.kind === 'file');
    return current === undefined ? files : stage.carryOver(files, current.directory, current.manifest);
  }

  async copy(stage: Stage, generation: Generation, signal: AbortSignal): Promise<void> {
    const { directory, manifest } = generation;
    const placeOf = await (await this.#plain.find())?.placesOf(generation);
    return placeOf === undefined
      ? stage.copyAll(directory, manifest, signal)
      : stage.copyEntries(manifest.files, placeOf, signal);
  }

  /** One rename. */
  async swap(stage: Stage, manifest: Manifest, signal: AbortSignal): Promise<Generation> {
    await this.#refuseForeignNames(manifest.files);
    signal.throwIfAborted();
    const name = basename(stage.directory);
    await this.#turn(name);
    stage.keep();
    return { name, directory: stage.directory, root: stage.directory, manifest };
  }

  /**
   * Makes and removes visible links, then wakes those who watch the replaced generation. Without `replaced` (after a
   * restart) every older generation that nobody was woken for is taken. What another mode left goes here too.
   */
  async finish(current: Generation, replaced: Generation | undefined): Promise<void> {
    const { target, fsync } = this.#options;
    const { hasNames, place } = this.#shape;
    const plain = await this.#plain.find();
    const names = topLevelNames(pathsOf(current.manifest.files));
    // What took a link's place while nothing ran is for `repair` to tell of.
    if (hasNames) await putLinksRight(target, names, plain, { leavesOthers: replaced === undefined });
    const hadLinks = await clearFormer(target, this.#shape, hasNames ? names : []);
    const isOther = (await this.#plain.remove()) || hadLinks;
    if (fsync) for (const path of new Set([target, join(target, place)])) await onTarget(fsyncPath(path));
    if (replaced !== undefined) this.#sequences.set(replaced.name, replaced.manifest.sequence);
    const all = replaced === undefined || isOther ? await unretired(target, current) : [replaced];
    for (const old of all) await onTarget(retire(old));
  }

  /** Puts the link to the generation and the visible links right. */
  async repair(name: string, names: ReadonlySet<string>, putting: PuttingRight = {}): Promise<Repair> {
    const { target } = this.#options;
    const { link, hasNames } = this.#shape;
    const text = placeOfGeneration(name);
    if (text === undefined || !isOwnDirectory(target, text)) return 'lost';
    if (!(await exists(join(target, text, manifestName)))) return 'lost';
    const found = await readLink(join(target, link));
    if (found !== text) {
      await this.#turn(name);
      putting.onPutBack?.(link);
    }
    const linked = hasNames && (await putLinksRight(target, names, await this.#plain.find(), putting));
    if (found !== text && found !== undefined) return 'contested';
    return found !== text || linked ? 'repaired' : 'intact';
  }

  async collect(sequence: number, keep: ReadonlySet<string>): Promise<Collected> {
    const { target, retain } = this.#options;
    const sequences = this.#sequences;
    const collected = await collectGenerations({ target, retain, sequence, keep, sequences });
    if (this.#shape.place === '') await removeEmptyPlace(target);
    return collected;
  }

  async #turn(name: string): Promise<void> {
    const { target } = this.#options;
    const { link, temporary } = this.#shape;
    await this.#refuseForeignLink();
    await placeLink({ target, link, temporary, text: placeOfGeneration(name) ?? name });
  }

  #refuseForeignPlace(): void {
    const { target } = this.#options;
    const { place } = this.#shape;
    const directory = join(target, place);
    const found = place === '' ? undefined : lstatSync(directory, { throwIfNoEntry: false });
    if (found?.isDirectory() === false) throw ownNameInTheWay(directory);
  }

  /** A link that something else turned is ours all the same; anything else of that name must be. */
  async #refuseForeignLink(): Promise<void> {
    const { target } = this.#options;
    const { link, hasNames } = this.#shape;
    const path = join(target, link);
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found === undefined || found.isSymbolicLink()) return;
    const foreign = await foreignAt(target, link, await this.#plain.find());
    if (foreign !== undefined) throw hasNames ? ownNameInTheWay(foreign) : linkInTheWay(foreign);
  }

  async #refuseForeignNames(files: readonly { readonly path: string }[]): Promise<void> {
    if (!this.#shape.hasNames) return;
    await refuseForeign(this.#options.target, topLevelNames(pathsOf(files)), await this.#plain.find());
  }
}

function pathsOf(files: readonly { readonly path: string }[]): readonly string[] {
  return files.map(({ path }) => path);
}

function notMadeByUs({ hasNames }: Shape, path: string, text: string): TargetError {
  return hasNames
    ? new TargetError({
        setting: 'WHERRY_TARGET',
        problem: `${path} -> ${text} was not made by Wherry`,
        cure: 'name a directory of its own, not a ConfigMap or Secret volume',
      })
    : linkInTheWay(`${path} -> ${text}`);
}

function linkInTheWay(path: string): TargetError {
  return new TargetError({
    setting: 'WHERRY_LINK_NAME',
    problem: `${path} is in the way: Wherry did not write it`,
    cure: 'remove it, or choose another name',
  });
}
