import type { Reload } from './main-container.ts';
import type { Narrator } from './narrator.ts';
import type { Push } from './repository.ts';
import type { SeenSet } from './volume.ts';

/** A pointer in a bucket that was moved to a release. */
export interface Move {
  readonly revision: string;
  /** The `performance.now()` of it. */
  readonly at: number;
  readonly pointer: string;
  /** Contents that were uploaded for it. */
  readonly uploads: number;
}

/** Tells what the volume and the application show, the moment they show it, in milliseconds after the last change. */
export class Witness {
  readonly #narrator: Narrator;
  readonly #application: string;
  #since = performance.now();
  #lastReload: Reload | undefined;
  readonly #known = new Set<string>();
  #tip: string | undefined;
  #sets = 0;
  #reloads = 0;

  /** `application` is what it is called: "the application". */
  constructor(narrator: Narrator, application: string) {
    this.#narrator = narrator;
    this.#application = application;
  }

  /** Something begins, from which the milliseconds count. */
  begin(at: number): void {
    this.#since = at;
    this.#sets = 0;
    this.#reloads = 0;
  }

  /** False for the commit that was pushed last: a push may have been refused. */
  isNew(revision: string): boolean {
    return revision !== this.#tip;
  }

  /** Sets and reloads since something began. */
  get counts(): { readonly sets: number; readonly reloads: number } {
    return { sets: this.#sets, reloads: this.#reloads };
  }

  pushed({ revision, at }: Push, subject: string): void {
    this.#tip = revision;
    this.begin(at);
    this.#narrator.event(0, 'plain', 'pushed', `${named(revision)}: ${subject}`);
  }

  moved({ revision, at, pointer, uploads }: Move): void {
    this.begin(at);
    const [what, how] = this.#known.has(revision)
      ? ['moved back', `${pointer} names it again, and nothing was uploaded`]
      : ['released', `${plural(uploads, 'content')} uploaded, and ${pointer} moved`];
    this.#narrator.event(0, 'plain', what, `${named(revision)}: ${how}`);
  }

  published({ at, revision, sequence, changed }: SeenSet): void {
    const goesBack = this.#lastReload?.status === 500 && this.#known.has(revision);
    this.#known.add(revision);
    this.#sets += 1;
    const what = goesBack ? 'rolled back' : 'published';
    const names = changed.length <= 3 ? changed.join(', ') : `${changed.length} files`;
    const detail = `${named(revision)} in one swap: ${names} (sequence ${sequence})`;
    this.#narrator.event(at - this.#since, goesBack ? 'good' : 'plain', what, detail);
  }

  reloaded(reload: Reload): void {
    this.#lastReload = reload;
    this.#reloads += 1;
    const { at, status, detail } = reload;
    if (status === 200)
      this.#narrator.event(at - this.#since, 'good', 'reloaded', `200 from ${this.#application}: ${detail}`);
    else
      this.#narrator.event(at - this.#since, 'bad', 'rejected', `500 from ${this.#application}: ${detail}`);
  }
}

/** What people call a revision: `commit 1a2b3c4`, `release 20261122T235959Z-3f2a9c01`. */
export function named(revision: string): string {
  const release = /^release:(.+)@/.exec(revision)?.[1];
  return release === undefined ? `commit ${revision.slice(0, 7)}` : `release ${release}`;
}

export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
