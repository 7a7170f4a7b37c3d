import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure, toFailure } from '../../failure/failure.ts';
import type { Limits } from '../../platform/deadline.ts';
import type { Damage } from '../../publish/drift/damage.ts';
import { type Finding, inspect } from '../../publish/drift/inspection.ts';
import { onTarget } from '../../publish/target-errors.ts';
import { manifestName } from '../../snapshot/path-rules.ts';
import type { Context } from '../context.ts';
import type { PublishedSet, State } from '../machine/state.ts';
import type { EngineOptions } from '../options.ts';
import { Agenda } from './agenda.ts';
import { FollowedSet } from './followed-set.ts';
import { mend } from './mend.ts';
import { type DriftStatus, Tally } from './tally.ts';
import { Waiting } from './waiting.ts';

/** Milliseconds after which is checked again what could not be. */
const checkRetry = 60_000;

/** `lost`: the published generation is gone, or cannot be believed, and must be published anew. */
export type Outcome = 'done' | 'lost';

/** Keeps the published set as it was published: finds what something else changed, puts it back, and has it told. */
export class DriftKeeper {
  readonly #options: EngineOptions;
  readonly #tally: Tally;
  readonly #agenda: Agenda;
  #set: FollowedSet | undefined;
  readonly #waiting: Waiting;

  /** `wake`: something happened that `settle` is to be called for. */
  constructor(options: EngineOptions, wake: () => void) {
    this.#options = options;
    this.#tally = new Tally(options);
    this.#waiting = new Waiting(options.log);
    this.#agenda = new Agenda(options, wake);
  }

  /** When `settle` has something to do. */
  dueAt({ published }: State): number {
    if (published?.generation !== this.#set?.generation) return Number.NEGATIVE_INFINITY;
    return this.#agenda.dueAt;
  }

  /** Something happened to the names in the target since this was last asked. */
  takeNames(now: number): boolean {
    return this.#agenda.takeNames(now, this.#tally.from(linksKey, now));
  }

  get status(): DriftStatus | undefined {
    return this.#tally.status(performance.now(), this.#waiting.status);
  }

  /** Why something is not put back yet. */
  get failure(): Failure | undefined {
    return this.#waiting.failure;
  }

  /** Checks what is due and puts back what is damaged. */
  async settle(context: Context, limits: Limits): Promise<Outcome> {
    const { published } = context.memory.state;
    if (published === undefined) {
      this.forget();
      return 'done';
    }
    if (this.#set?.generation !== published.generation && !(await this.#follow(published))) return 'lost';
    const set = this.#set;
    const due = this.#agenda.take(performance.now());
    if (set === undefined || due === undefined) return 'done';
    // What is changed in a directory that is another one now is seen from here on.
    if (due !== 'all') for (const path of due) this.#agenda.renew(path);
    const outcome = await this.#lookAtManifest(set, published);
    if (outcome === 'lost') return 'lost';
    const named = due === 'all' ? set.inventory.below('') : due.flatMap((path) => set.inventory.at(path));
    const indices = [...new Set(named)].toSorted((a, b) => a - b);
    try {
      const finding = await this.#inspect(set, published, indices, limits.signal);
      const damaged = new Set(finding.damages.map(({ path }) => path));
      const looked =
        due === 'all' ? undefined : new Set([...due, ...indices.map((i) => set.inventory.path(i))]);
      this.#waiting.well((path) => looked?.has(path) !== false && !damaged.has(path));
      await this.#putBack(context, { set, published, finding }, limits);
    } catch (error) {
      this.#agenda.later('', performance.now() + checkRetry);
      throw error;
    }
    return 'done';
  }

  /** Links to the set were put back: who followed them may have seen another set, or none. */
  async namesPutRight(context: Context, names: readonly string[], limits: Limits): Promise<void> {
    const { published } = context.memory.state;
    if (published === undefined) return;
    if (this.#set?.generation !== published.generation && !(await this.#follow(published))) return;
    const set = this.#set;
    const manifest = await set?.manifest(published);
    if (set === undefined || manifest === undefined) return;
    const indices = names.map((name) => set.inventory.at(name));
    const isWhole = indices.some(({ length }) => length === 0);
    const changed = isWhole ? undefined : indices.flat().map((index) => set.inventory.path(index));
    const failed = await mend(context, { set, published, manifest, damages: [], changed }, limits);
    if (failed !== undefined) this.#count(context, names, [linksKey]);
  }

  /** Whether names may be put right now, or something else keeps turning them. */
  mayPutNames(now: number): boolean {
    return this.#tally.from(linksKey, now) <= now;
  }

  close(): void {
    this.forget();
    this.#agenda.close();
  }

  /** The next check is of everything, as after a start. */
  forget(): void {
    this.#set = undefined;
    this.#waiting.over();
    this.#agenda.clear();
  }

  /** False when it cannot be believed, or is gone. */
  async #follow(published: PublishedSet): Promise<boolean> {
    const { publisher } = this.#options;
    const earlier = this.#set;
    this.forget();
    const generation = await publisher.generation(published.generation);
    const set = generation && (await FollowedSet.of(generation, published));
    if (set === undefined) {
      await this.#discard(generation?.directory);
      return false;
    }
    if (earlier !== undefined) set.takeOver(earlier);
    this.#set = set;
    this.#agenda.follow(set);
    return true;
  }

  /** What another wrote over is no manifest: without one the generation counts as gone. */
  async #discard(directory: string | undefined): Promise<void> {
    if (directory === undefined) return;
    this.#options.log.error({ directory }, 'the manifest of the published set was changed by something else');
    await onTarget(rm(join(directory, manifestName), { force: true, recursive: true }));
  }

  async #lookAtManifest(set: FollowedSet, published: PublishedSet): Promise<Outcome> {
    switch (await set.lookAtManifest(published)) {
      case 'well':
        return 'done';
      case 'lost':
        await this.#discard(set.directory);
        this.forget();
        return 'lost';
      case 'edited':
        await this.#restoreManifest(set, published);
        return 'done';
    }
  }

  /** What it says of the files is true: nobody needs to be told. */
  async #restoreManifest(set: FollowedSet, published: PublishedSet): Promise<void> {
    const now = performance.now();
    const from = this.#tally.from(manifestName, now);
    if (from > now) return this.#agenda.later(manifestName, from);
    await onTarget(set.restoreManifest(published, this.#options.stageOptions));
    this.#options.observer.driftRepaired(1);
    this.#tally.putBack([manifestName], { generation: set.generation }, now);
  }

  #inspect(
    set: FollowedSet,
    published: PublishedSet,
    indices: readonly number[],
    signal: AbortSignal,
  ): Promise<Finding> {
    const { inventory, root, dirMode, untouchedSince: sealed } = set;
    const ownsRoot = root !== this.#options.targetDir;
    const manifest = () => set.manifest(published);
    return onTarget(inspect(indices, { inventory, root, dirMode, ownsRoot, sealed, manifest }, signal));
  }

  async #putBack(context: Context, { set, published, finding }: Found, limits: Limits): Promise<void> {
    const now = performance.now();
    const { ready, later } = this.#tally.split(finding.damages, now);
    for (const [path, from] of later) this.#agenda.later(path, from);
    if (ready.length > 0) await this.#mend(context, { set, published, finding }, ready, limits);
  }

  async #mend(context: Context, found: Found, damages: readonly Damage[], limits: Limits): Promise<void> {
    const { set, published } = found;
    const paths = damages.map(({ path }) => path);
    try {
      const manifest = await set.manifest(published);
      if (manifest === undefined) return this.#agenda.again('');
      const changed = [...new Set(paths.flatMap((path) => set.inventory.at(path)))].map((index) =>
        set.inventory.path(index),
      );
      const failed = await mend(context, { set, published, manifest, damages, changed }, limits);
      if (failed === undefined) return;
      this.#mended(
        context,
        found,
        damages.filter((damage) => !failed.has(damage)),
      );
      const [first] = failed.values();
      if (first !== undefined)
        this.#wait(
          first,
          [...failed.keys()].map(({ path }) => path),
        );
    } catch (error) {
      // Only the end of the process is none: a time-out is a failure like others.
      const { aborted, reason } = limits.signal;
      if (aborted && !(reason instanceof Failure)) throw error;
      this.#wait(toFailure(aborted ? reason : error), paths);
    }
  }

  #mended(context: Context, { set, finding }: Found, damages: readonly Damage[]): void {
    if (damages.length === 0) return;
    const paths = new Set(damages.map(({ path }) => path));
    this.#waiting.well((path) => paths.has(path));
    for (const damage of damages) if ('index' in damage) set.inventory.setWellAt(damage.index, Number.NaN);
    for (const path of paths) this.#agenda.again(path);
    if (finding.isPartial) this.#agenda.again('');
    this.#count(context, [...paths]);
  }

  #wait(failure: Failure, paths: readonly string[]): void {
    const until = this.#waiting.failed(failure, paths, performance.now());
    for (const path of paths) this.#agenda.later(path, until);
  }

  #count({ memory }: Context, paths: readonly string[], keys: readonly string[] = paths): void {
    this.#options.observer.driftRepaired(paths.length);
    const { generation, sequence } = memory.state.published ?? {};
    this.#tally.putBack(paths, { generation, sequence }, performance.now(), keys);
  }
}

/** They are put right together, and so counted as one. */
const linksKey = 'the links in the target';

interface Found {
  readonly set: FollowedSet;
  readonly published: PublishedSet;
  readonly finding: Finding;
}
