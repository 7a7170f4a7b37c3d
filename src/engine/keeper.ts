import type { Limits } from '../platform/deadline.ts';
import type { Generation } from '../publish/generation.ts';
import { topLevelNames } from '../publish/links.ts';
import type { Courier } from './courier.ts';
import type { Memory } from './memory.ts';
import type { EngineOptions } from './options.ts';
import type { StagedSet } from './prepare.ts';
import { reconcile, setOf } from './reconcile.ts';
import type { PublishedSet } from './state.ts';

/** Links are looked at this often at most, however short the poll interval. Milliseconds. */
const linkCheckInterval = 2000;

const collectRetry = 60_000;

/** Keeps the target: swaps generations, puts links right, removes what is over. */
export class Keeper {
  readonly #options: EngineOptions;
  readonly #courier: Courier;
  /** The visible names of the published generation. */
  #names: ReadonlySet<string>;
  /** A publish whose links and timestamps are still to be done. */
  #unfinished: { readonly current: Generation; readonly replaced: Generation | undefined } | undefined;
  #checkedAt = Number.NEGATIVE_INFINITY;
  #collectAt = Number.NEGATIVE_INFINITY;

  constructor(options: EngineOptions, courier: Courier, current: Generation | undefined) {
    this.#options = options;
    this.#courier = courier;
    this.#names = namesOf(current);
    // A run that was killed may have left it half done.
    if (current !== undefined) this.#unfinished = { current, replaced: undefined };
  }

  /** The `performance.now()` at which a replaced generation may go. */
  get collectAt(): number {
    return this.#collectAt;
  }

  /**
   * The swap. A signal that is under way ends first, so that its answer is about one set only. Whoever calls this notes
   * the set in the state, and then calls `finish`.
   */
  async swap({ stage, manifest }: StagedSet, isOurs: boolean, limits: Limits): Promise<PublishedSet> {
    const { publisher } = this.#options;
    await limits.outside(this.#courier.stop());
    const started = performance.now();
    const replaced = await publisher.current(isOurs);
    const current = await publisher.swap(stage, manifest, limits.signal);
    this.#options.observer.phase('publish', (performance.now() - started) / 1000);
    this.#names = namesOf(current);
    this.#unfinished = { current, replaced };
    return setOf(current);
  }

  /** Links and timestamps: what a publish still needs before anybody is told of it. Does nothing when all is done. */
  async finish(): Promise<void> {
    if (this.#unfinished === undefined) return;
    const { current, replaced } = this.#unfinished;
    await this.#options.publisher.finish(current, replaced);
    this.#unfinished = undefined;
    this.#checkedAt = performance.now();
    this.collectSoon();
  }

  /** Puts the links of the published generation right; one that is gone is forgotten, and so published anew. */
  async repair(memory: Memory): Promise<void> {
    const { publisher, log } = this.#options;
    const { published } = memory.state;
    if (published === undefined || performance.now() - this.#checkedAt < linkCheckInterval) return;
    this.#checkedAt = performance.now();
    const { generation } = published;
    switch (await publisher.repair(generation, this.#names)) {
      case 'intact':
        return;
      case 'repaired':
        log.warn({ generation }, 'links in the target were put right');
        return;
      case 'contested':
        log.warn(
          { generation },
          '..data was turned elsewhere: does another Wherry, or something else, write to this target?',
        );
        return;
      case 'lost':
        log.warn({ generation }, 'the published generation is gone; it is published anew');
        this.#unfinished = undefined;
        await publisher.open();
        await memory.update((state) => reconcile(state, undefined, () => false));
    }
  }

  /** A generation that was kept for a rollback is not needed any more. */
  collectSoon(): void {
    this.#collectAt = performance.now();
  }

  /** Removes generations that no reader and no rollback needs, if it is time. What cannot be removed is no failure. */
  async collect(memory: Memory): Promise<void> {
    if (this.#collectAt > performance.now()) return;
    const { publisher, log } = this.#options;
    const { good, published } = memory.state;
    const keep = new Set(good === undefined ? [] : [good.generation]);
    const { due, failure } = await publisher.collect(published?.sequence ?? 0, keep);
    if (failure !== undefined)
      log.warn({ err: failure }, 'an old generation could not be removed; it is tried again');
    const next = failure === undefined ? due : Math.min(due ?? collectRetry, collectRetry);
    this.#collectAt = next === undefined ? Number.POSITIVE_INFINITY : performance.now() + next;
  }
}

function namesOf(generation: Generation | undefined): ReadonlySet<string> {
  return topLevelNames(generation?.manifest.files.map(({ path }) => path) ?? []);
}
