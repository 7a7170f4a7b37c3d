import { lstatSync } from 'node:fs';
import { basename, join } from 'node:path';
import { ensureDirectory } from '../../platform/directory.ts';
import { inSlices } from '../../platform/slices.ts';
import type { Entry, FileEntry } from '../../snapshot/entry.ts';
import { manifestName } from '../../snapshot/path-rules.ts';
import { fillingMode } from '../closed-directories.ts';
import { type Generation, generationName } from '../generation.ts';
import type { Manifest, ManifestEntry } from '../manifest.ts';
import { exists } from '../own-links.ts';
import type { Collected, Filling, Publisher, PublisherOptions, Repair } from '../publisher.ts';
import { isSameEntry } from '../same-set.ts';
import { Stage } from '../stage.ts';
import { onTarget } from '../target-errors.ts';
import { collectKept, keptGenerations } from './collect.ts';
import { differenceOf, isSameFile } from './difference.ts';
import { FormerMode } from './former-mode.ts';
import { Ground } from './ground.ts';
import { finderInPlace, Holdings } from './holdings.ts';
import { placesOfKept } from './kept-files.ts';
import { finishBegun, guestsOf, publishStage } from './publication.ts';
import type { Standing } from './standing.ts';
import { ensurePrivate, readPointer } from './workshop.ts';

export interface RenameOptions extends PublisherOptions {
  /** Foreign files and links that hold a name of the set are replaced. */
  readonly adopt: boolean;
}

/** The entries of a set that the target has already, as its manifest knows them, and the others. */
interface Split {
  readonly standing: Standing;
  readonly held: readonly ManifestEntry[];
  readonly missing: readonly Entry[];
}

/**
 * Publishes plain files, each replaced by a rename in place; what is unchanged is not touched. A journal in the workshop
 * lets the next start finish what was begun.
 */
export class RenamePublisher implements Publisher {
  readonly #options: RenameOptions;
  #former: FormerMode;
  #holdings: Holdings;
  /** Files that a stage brings although the set before has the same: they were found changed by something else. */
  readonly #mended = new WeakMap<Stage, readonly string[]>();

  /** The names of a set are looked at before it is staged. */
  readonly #lastSplit = new WeakMap<readonly Entry[], Split>();

  constructor(options: RenameOptions) {
    this.#options = options;
    this.#former = new FormerMode(options);
    this.#holdings = new Holdings(options);
  }

  async open(): Promise<void> {
    const { target, dirMode } = this.#options;
    await onTarget(ensureDirectory(target, fillingMode(dirMode)));
    await onTarget(this.#holdings.open());
    await onTarget(finishBegun(this.#surroundings));
  }

  forget(): void {
    this.#former = new FormerMode(this.#options);
    this.#holdings = new Holdings(this.#options);
  }

  async current(): Promise<Generation | undefined> {
    const { current, unsure } = await this.#holdings.stand();
    return unsure.size > 0 ? undefined : current;
  }

  generation(name: string): Promise<Generation | undefined> {
    return this.#holdings.generation(name);
  }

  async refuseForeign(entries: readonly Entry[]): Promise<void> {
    const standing = await this.#holdings.stand();
    const ground = await this.#groundOf(standing);
    const { missing } = this.#split(entries, standing);
    await onTarget(inSlices(missing, ({ path }) => void ground.file(path)));
  }

  async newStage(): Promise<Stage> {
    const { workshop } = this.#holdings;
    // Somebody may have removed it with all of the target's content.
    await onTarget(ensurePrivate(workshop));
    return Stage.create(join(workshop, generationName(new Date())), this.#options);
  }

  async fill(stage: Stage, { entries, isWhole }: Filling): Promise<readonly FileEntry[]> {
    const { held, missing } = this.#split(entries, await this.#holdings.stand());
    if (!isWhole || held.length === 0) {
      stage.leave(held);
      await stage.prepare(missing);
      return missing.filter(isFile);
    }
    await stage.prepare(entries);
    // The pointer is turned when everything of its set is in place.
    const { ctimeMs } = lstatSync(join(this.#holdings.workshop, 'current'));
    const { target } = this.#options;
    const toWrite = await stage.carryOver(entries.filter(isFile), target, { files: held }, ctimeMs);
    const expected = new Set<string>(missing.map(({ path }) => path));
    const mended = toWrite.map(({ path }) => path).filter((path) => !expected.has(path));
    this.#mended.set(stage, mended);
    return toWrite;
  }

  async copy(stage: Stage, generation: Generation, signal: AbortSignal): Promise<void> {
    const find = finderInPlace(await this.#holdings.stand());
    const held: ManifestEntry[] = [];
    const others: ManifestEntry[] = [];
    for (const entry of generation.manifest.files) {
      const known = find(entry.path);
      const isInPlace = known !== undefined && isSameFile(known, entry);
      (isInPlace ? held : others).push(entry);
    }
    stage.leave(held);
    const placeOf = placesOfKept(generation, await onTarget(keptGenerations(this.#holdings.workshop)));
    await stage.copyEntries(others, placeOf, signal);
  }

  async swap(stage: Stage, manifest: Manifest, signal: AbortSignal): Promise<Generation> {
    const standing = await this.#holdings.stand();
    const unsure = new Set([...standing.unsure, ...(this.#mended.get(stage) ?? [])]);
    const before = { ...standing, unsure };
    const difference = differenceOf(before, manifest);
    const ground = await this.#groundOf(before);
    await onTarget(inSlices(difference.changes, ({ path }) => void ground.file(path)));
    signal.throwIfAborted();
    const { directory } = stage;
    const next = { name: basename(directory), directory, root: this.#options.target, manifest };
    const guests = guestsOf(before, difference, ground);
    await onTarget(publishStage(this.#surroundings, { before, next, difference, guests }, stage));
    return next;
  }

  async finish(current: Generation): Promise<void> {
    await this.#former.clear(current);
  }

  async repair(name: string): Promise<Repair> {
    const standing = await this.#holdings.stand();
    const { current, unsure } = standing;
    if (unsure.size > 0 || current?.name !== name) return 'lost';
    if (await exists(join(current.directory, manifestName))) return 'intact';
    this.#holdings.lose(standing);
    return 'lost';
  }

  async collect(sequence: number, keep: ReadonlySet<string>): Promise<Collected> {
    const { workshop } = this.#holdings;
    const { retain } = this.#options;
    const current = await readPointer(workshop, 'current');
    const next = await readPointer(workshop, 'next');
    const kept = await onTarget(collectKept({ workshop, retain, current, next, keep }));
    const former = await this.#former.collect(sequence, keep);
    const dues = [kept.due, former.due].filter((due) => due !== undefined);
    const due = dues.length === 0 ? undefined : Math.min(...dues);
    return { due, failure: kept.failure ?? former.failure };
  }

  get #surroundings() {
    const groundOf = (standing: Standing) => this.#groundOf(standing);
    return { options: this.#options, holdings: this.#holdings, groundOf };
  }

  #split(entries: readonly Entry[], standing: Standing): Split {
    const last = this.#lastSplit.get(entries);
    if (last?.standing === standing) return last;
    const find = finderInPlace(standing);
    const held: ManifestEntry[] = [];
    const missing: Entry[] = [];
    for (const entry of entries) {
      const known = find(entry.path);
      if (known !== undefined && isSameEntry(entry, known, this.#options)) held.push(known);
      else missing.push(entry);
    }
    const split = { standing, held, missing };
    this.#lastSplit.set(entries, split);
    return split;
  }

  async #groundOf(standing: Standing): Promise<Ground> {
    const { target, adopt } = this.#options;
    const formerLinks = await this.#former.links();
    return new Ground({ target, standing, formerLinks, adopt });
  }
}

function isFile(entry: Entry): entry is FileEntry {
  return entry.kind === 'file';
}
