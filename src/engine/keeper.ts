import type { Generation } from '../publish/generation.ts';
import { topLevelNames } from '../publish/links.ts';
import type { EngineOptions } from './context.ts';
import type { Courier } from './courier.ts';
import type { Memory } from './memory.ts';
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
  #checkedAt = Number.NEGATIVE_INFINITY;
  #collectAt = Number.NEGATIVE_INFINITY;

  constructor(options: EngineOptions, courier: Courier, current: Generation | undefined) {
    this.#options = options;
    this.#courier = courier;
    this.#names = namesOf(current);
  }

  /** The `performance.now()` at which a replaced generation may go. */
  get collectAt(): number {
    return this.#collectAt;
  }

  /** The swap. A signal that is under way ends first, so that its answer is about one set only. */
  async swap({ stage, manifest }: StagedSet, signal: AbortSignal): Promise<PublishedSet> {
    const { publisher, observer } = this.#options;
    await this.#courier.stop();
    const started = performance.now();
    const generation = await publisher.publish(stage, manifest, signal);
    observer.phase('publish', (performance.now() - started) / 1000);
    this.#names = namesOf(generation);
    this.#checkedAt = started;
    this.collectSoon();
    return setOf(generation);
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
      case 'lost':
        log.warn({ generation }, 'the published generation is gone; it is published anew');
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
    const good = memory.state.good?.generation;
    let due: number | undefined;
    try {
      due = await publisher.collect(await publisher.current(), new Set(good === undefined ? [] : [good]));
    } catch (error) {
      log.warn({ err: error }, 'an old generation could not be removed; it is tried again');
      due = collectRetry;
    }
    this.#collectAt = due === undefined ? Number.POSITIVE_INFINITY : performance.now() + due;
  }
}

function namesOf(generation: Generation | undefined): ReadonlySet<string> {
  return topLevelNames(generation?.manifest.files.map(({ path }) => path) ?? []);
}
