import { basename, relative } from 'node:path';
import { DriftWatch } from '../../publish/drift/watch.ts';
import { topLevelNames } from '../../publish/links.ts';
import { dataLink } from '../../publish/shape.ts';
import { manifestName } from '../../snapshot/path-rules.ts';
import type { EngineOptions } from '../options.ts';
import { Debounce } from './debounce.ts';
import type { FollowedSet } from './followed-set.ts';

/** A whole look at the set, for what no event told of. */
const slowCheckInterval = 300_000;
const soon = 150;
/** From so many on all are looked at. */
const mostPaths = 4096;

/** What is to be looked at, and when: what events named, what was put off, and from time to time everything. */
export class Agenda {
  readonly #options: Pick<EngineOptions, 'publisher' | 'targetDir' | 'driftTimes'>;
  readonly #wake: () => void;
  readonly #watch: DriftWatch;
  readonly #events = new Debounce();
  readonly #names = new Debounce();
  readonly #paths = new Set<string>();
  readonly #later = new Map<string, number>();
  #laterAt = Number.POSITIVE_INFINITY;
  #isAll = false;
  #slowAt = Number.POSITIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #set: FollowedSet | undefined;
  /** Names in the target that lead to the set. */
  #leading: ReadonlySet<string> = new Set();

  constructor(
    options: Pick<EngineOptions, 'publisher' | 'targetDir' | 'driftTimes' | 'log'>,
    wake: () => void,
  ) {
    this.#options = options;
    this.#wake = wake;
    const onPath = (path: string | null) => this.#onPath(path);
    this.#watch = new DriftWatch({ onPath, onName: (name) => this.#onName(name) }, options.log);
  }

  get dueAt(): number {
    return Math.min(this.#events.at, this.#names.at, this.#laterAt, this.#slowAt);
  }

  /** Everything of this set is to be looked at, and from now on what happens to it. */
  follow(set: FollowedSet): void {
    this.clear();
    const { targetDir: target, publisher } = this.#options;
    const { root, directory, inventory } = set;
    this.#set = set;
    const own = [dataLink, publisher.pointer ?? dataLink, basename(target)];
    const place = relative(target, directory).split('/')[0] ?? '';
    const names = root === target ? [] : topLevelNames(pathsOf(set));
    this.#leading = new Set([...own, place, ...names]);
    this.#watch.follow({ target, root, directories: inventory.directories() });
    this.#isAll = true;
    this.#events.delay(performance.now());
  }

  /** The paths to look at now; undefined = none. */
  take(now: number): 'all' | readonly string[] | undefined {
    const isAll = this.#slowAt <= now || (this.#isAll && this.#events.at <= now);
    const paths = new Set<string>();
    if (this.#events.at <= now) {
      for (const path of this.#paths) paths.add(path);
      this.#paths.clear();
      this.#events.clear();
    }
    if (this.#laterAt <= now) {
      for (const [path, at] of this.#later) if (at <= now) paths.add(path);
      for (const path of paths) this.#later.delete(path);
      this.#laterAt = [...this.#later.values()].reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
    }
    if (isAll) {
      this.#isAll = false;
      this.#slowAt = now + (this.#options.driftTimes?.slowCheck ?? slowCheckInterval);
      this.#watch.followTarget(this.#options.targetDir);
      return 'all';
    }
    return paths.size === 0 ? undefined : [...paths];
  }

  /** Something happened to the names in the target. `from` is when they may be looked at. */
  takeNames(now: number, from: number): boolean {
    if (this.#names.at > now) return false;
    if (from > now) {
      this.#names.delay(from);
      return false;
    }
    this.#names.clear();
    this.#watch.followTarget(this.#options.targetDir);
    return true;
  }

  later(path: string, at: number): void {
    this.#later.set(path, at);
    this.#laterAt = Math.min(this.#laterAt, at);
  }

  /** What was put back is looked at once more: something else may have been faster. */
  again(path: string): void {
    this.later(path, performance.now() + soon);
  }

  /** A directory of this path may be another one now. */
  renew(path: string): void {
    this.#watch.renew(path);
  }

  clear(): void {
    this.#set = undefined;
    this.#paths.clear();
    this.#later.clear();
    this.#events.clear();
    this.#names.clear();
    this.#isAll = false;
    this.#laterAt = Number.POSITIVE_INFINITY;
    this.#slowAt = Number.POSITIVE_INFINITY;
  }

  close(): void {
    this.clear();
    this.#watch.close();
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** What is not of the set is nobody's business, however often it changes. */
  #onPath(path: string | null): void {
    const set = this.#set;
    if (set === undefined) return;
    if (path !== null && path !== manifestName && !set.inventory.has(path)) return;
    if (path === null || this.#paths.size >= mostPaths) this.#isAll = true;
    else this.#paths.add(path);
    this.#touch(this.#events);
  }

  #onName(name: string): void {
    if (this.#set === undefined || !this.#leading.has(name)) return;
    this.#touch(this.#names);
  }

  #touch(debounce: Debounce): void {
    debounce.touch(performance.now());
    this.#timer ??= this.#wait();
  }

  /** Wakes the loop when a burst is over: until then it has nothing to do. */
  #wait(): NodeJS.Timeout {
    const until = Math.min(this.#events.at, this.#names.at) - performance.now();
    return setTimeout(
      () => {
        this.#timer = undefined;
        if (Math.min(this.#events.at, this.#names.at) > performance.now()) this.#timer = this.#wait();
        else this.#wake();
      },
      Math.max(1, Math.ceil(Number.isFinite(until) ? until : 1)),
    ).unref();
  }
}

function* pathsOf({ inventory }: FollowedSet): Generator<string> {
  for (let index = 0; index < inventory.length; index += 1) yield inventory.path(index);
}
