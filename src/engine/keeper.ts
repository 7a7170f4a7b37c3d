import type { Generation } from '../publish/generation.ts';
import { topLevelNames } from '../publish/links.ts';
import type { IsOurs } from '../publish/publisher.ts';
import type { PublishedSet, State } from './machine/state.ts';
import type { EngineOptions } from './options.ts';
import type { StagedSet } from './prepare.ts';
import { setOf } from './published-set.ts';
import { refuseIfTaken } from './refuse-if-taken.ts';

/** Links are looked at this often at most, however short the poll interval. Milliseconds. */
const linkCheckInterval = 2000;

const collectRetry = 60_000;

interface Swapped {
  readonly set: PublishedSet;
  readonly current: Generation;
  readonly replaced: Generation | undefined;
}

interface Repaired {
  readonly isLost: boolean;
  /** Names that were missing or led elsewhere. */
  readonly putBack: readonly string[];
}

/** Keeps the target: swaps generations, puts links right, removes what is over. */
export class Keeper {
  readonly #options: EngineOptions;
  /** The visible names of the published generation. */
  #names: ReadonlySet<string>;
  /** A publish whose links and timestamps are still to be done. */
  #unfinished: { readonly current: Generation; readonly replaced: Generation | undefined } | undefined;
  #checkedAt = Number.NEGATIVE_INFINITY;
  #collectAt = Number.NEGATIVE_INFINITY;

  constructor(options: EngineOptions, current: Generation | undefined) {
    this.#options = options;
    this.#names = namesOf(current);
    // A run that was killed may have left it half done.
    if (current !== undefined) this.#unfinished = { current, replaced: undefined };
  }

  /** The `performance.now()` at which a replaced generation may go. */
  get collectAt(): number {
    return this.#collectAt;
  }

  /** The `performance.now()` at which it has something to do by itself: to finish a publish, or to collect. */
  get dueAt(): number {
    return this.#unfinished === undefined ? this.#collectAt : Number.NEGATIVE_INFINITY;
  }

  /** The swap. Whoever calls this notes the set in the state, and then calls `finish`. */
  async swap({ stage, manifest }: StagedSet, isOurs: IsOurs, signal: AbortSignal): Promise<Swapped> {
    const { publisher } = this.#options;
    const started = performance.now();
    await refuseIfTaken(this.#options);
    const replaced = await publisher.current(isOurs);
    const current = await publisher.swap(stage, manifest, signal);
    this.#options.observer.phase('publish', (performance.now() - started) / 1000);
    this.#names = namesOf(current);
    this.#unfinished = { current, replaced };
    return { set: setOf(current), current, replaced };
  }

  /** Links and timestamps: what a publish still needs before anybody is told of it. Does nothing when all is done. */
  async finish(): Promise<void> {
    if (this.#unfinished === undefined) return;
    const { current, replaced } = this.#unfinished;
    await this.#options.publisher.finish(current, replaced);
    this.#unfinished = undefined;
    if (replaced !== undefined) this.#checkedAt = performance.now();
    this.collectSoon();
  }

  /** Something happened to the links: the next `repair` looks at them, however soon it comes. */
  doubt(): void {
    this.#checkedAt = Number.NEGATIVE_INFINITY;
  }

  /** Puts the links of the published generation right. `isLost`: it is gone, and must be published anew. */
  async repair({ published }: State): Promise<Repaired> {
    const { publisher, log, drift } = this.#options;
    const putBack: string[] = [];
    const well = { isLost: false, putBack };
    if (published === undefined || performance.now() - this.#checkedAt < linkCheckInterval) return well;
    this.#checkedAt = performance.now();
    const { generation } = published;
    const putting = {
      onPutBack: (name: string) => void putBack.push(name),
      leavesOthers: drift !== 'repair',
    };
    switch (await publisher.repair(generation, this.#names, putting)) {
      case 'intact':
        return well;
      case 'repaired':
        log.warn({ generation, names: putBack.slice(0, 10) }, 'links in the target were put right');
        return well;
      case 'contested':
        log.warn(
          { generation },
          'the link to the set was turned elsewhere: does another Wherry, or something else, write to this target?',
        );
        return well;
      case 'lost':
        await this.lose(generation);
        return { isLost: true, putBack: [] };
    }
  }

  /** The published generation is gone. */
  async lose(generation: string): Promise<void> {
    const { publisher, log } = this.#options;
    log.warn({ generation }, 'the published generation is gone; it is published anew');
    this.#unfinished = undefined;
    await publisher.open();
  }

  /** A generation that was kept for a rollback is not needed any more. */
  collectSoon(): void {
    this.#collectAt = performance.now();
  }

  /** Removes generations that no reader and no rollback needs, if it is time. What cannot be removed is no failure. */
  async collect({ good, published, sequence }: State): Promise<void> {
    if (this.#collectAt > performance.now()) return;
    const { publisher, log } = this.#options;
    const keep = new Set(good === undefined ? [] : [good.generation]);
    // What is called for meanwhile is not lost.
    this.#collectAt = Number.POSITIVE_INFINITY;
    // Also when none is published now, the earlier ones were.
    const present = published?.sequence ?? sequence + 1;
    const { due, failure } = await publisher.collect(present, keep).catch((error: unknown) => {
      this.collectSoon();
      throw error;
    });
    if (failure !== undefined)
      log.warn({ err: failure }, 'an old generation could not be removed; it is tried again');
    const next = failure === undefined ? due : Math.min(due ?? collectRetry, collectRetry);
    if (next !== undefined) this.#collectAt = Math.min(this.#collectAt, performance.now() + next);
  }
}

function namesOf(generation: Generation | undefined): ReadonlySet<string> {
  return topLevelNames(generation?.manifest.files.map(({ path }) => path) ?? []);
}
