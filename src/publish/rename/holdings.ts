import { type Generation, readGeneration } from '../generation.ts';
import type { ManifestEntry } from '../manifest.ts';
import type { PublisherOptions } from '../publisher.ts';
import { onTarget } from '../target-errors.ts';
import { plainGround } from './ground.ts';
import { takenByOther } from './in-place.ts';
import { finderIn } from './ordered.ts';
import { halfway, nothing, ownPaths, readKept, readStanding, type Standing } from './standing.ts';
import { findWorkshop, openWorkshop, readPointer } from './workshop.ts';

interface Found {
  readonly before: Standing;
  /** The generation of an unfinished publish. */
  readonly next: Generation | undefined;
  readonly isTorn: boolean;
}

/**
 * What of the target is ours, as far as this process knows. Reading it again would cost most of a change; it holds
 * while the pointer says the same.
 */
export class Holdings {
  readonly #options: PublisherOptions;
  #workshop: string | undefined;
  #standing: Standing | undefined;
  #isUnfinished = false;

  constructor(options: PublisherOptions) {
    this.#options = options;
  }

  /** The workshop, once it is open. */
  get workshop(): string {
    if (this.#workshop === undefined) throw new Error('the publisher is not open');
    return this.#workshop;
  }

  /** Whether the journal may name something that is to be finished: always at a start. */
  get isUnfinished(): boolean {
    return this.#standing === undefined || this.#isUnfinished;
  }

  async open(): Promise<void> {
    this.#workshop = await openWorkshop(this.#options);
  }

  async stand(): Promise<Standing> {
    const known = this.#standing;
    const workshop = await this.#findWorkshop();
    if (workshop === undefined) return known ?? nothing;
    const name = await readPointer(workshop, 'current');
    if (known !== undefined && known.current?.name === name) return known;
    const { before, next } = await onTarget(this.#read(workshop));
    if (known !== undefined && before.current === undefined) return this.lose(known);
    this.#standing = next === undefined ? before : halfway(before, next);
    return this.#standing;
  }

  /** What the pointers say, and whether a change to another mode that was killed took something of it. */
  async read(): Promise<Found> {
    return this.#read(this.workshop);
  }

  /** Somebody removed the workshop, and perhaps the files too. They are ours all the same. */
  lose(known: Standing): Standing {
    this.#isUnfinished = false;
    this.#standing = { ...known, current: undefined, unsure: ownPaths(known) };
    return this.#standing;
  }

  /** The journal names a publish, a part of which may be done. False when nothing of it is. */
  begun(before: Standing, next: Generation): boolean {
    // Should the target not even be looked at now, nothing in it is certain.
    this.#standing = { ...before, unsure: ownPaths(before) };
    this.#isUnfinished = true;
    this.#standing = halfway(before, next);
    this.#isUnfinished = this.#standing.unsure.size > 0;
    return this.#isUnfinished;
  }

  /** The publish is whole. */
  done(current: Generation, guests: ReadonlySet<string>): void {
    this.#standing = { current, unsure: nothing.unsure, guests };
    this.#isUnfinished = false;
  }

  async generation(name: string): Promise<Generation | undefined> {
    const { current } = await this.stand();
    if (current?.name === name) return current;
    const workshop = await this.#findWorkshop();
    const kept = workshop === undefined ? undefined : await onTarget(readKept(workshop, name));
    return kept ?? onTarget(readGeneration(this.#options.target, name));
  }

  async #read(workshop: string): Promise<Found> {
    const { target } = this.#options;
    const { before, next } = await readStanding(workshop, target);
    const taken = await takenByOther(target, before, plainGround(target, before));
    const unsure = new Set([...before.unsure, ...taken]);
    return { before: { ...before, unsure }, next, isTorn: taken.size > 0 };
  }

  async #findWorkshop(): Promise<string | undefined> {
    return this.#workshop ?? onTarget(findWorkshop(this.#options));
  }
}

/** Finds what is certainly in the target, best in the order of the paths. */
export function finderInPlace({ current, unsure }: Standing): (path: string) => ManifestEntry | undefined {
  const find = finderIn(current?.manifest.files ?? []);
  return (path) => (unsure.has(path) ? undefined : find(path));
}
