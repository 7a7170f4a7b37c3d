import type { Reload } from './main-container.ts';
import type { Narrator } from './narrator.ts';
import type { Push } from './repository.ts';
import type { SeenSet } from './volume.ts';

/** Tells what the volume and the application show, the moment they show it, in milliseconds after the last push. */
export class Witness {
  readonly #narrator: Narrator;
  #since = performance.now();
  #lastReload: Reload | undefined;
  readonly #known = new Set<string>();
  #tip: string | undefined;
  #sets = 0;
  #reloads = 0;

  constructor(narrator: Narrator) {
    this.#narrator = narrator;
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
    this.#narrator.event(0, 'plain', 'pushed', `commit ${short(revision)}: ${subject}`);
  }

  published({ at, revision, sequence, changed }: SeenSet): void {
    const goesBack = this.#lastReload?.status === 500 && this.#known.has(revision);
    this.#known.add(revision);
    this.#sets += 1;
    const what = goesBack ? 'rolled back' : 'published';
    const names = changed.length <= 3 ? changed.join(', ') : `${changed.length} files`;
    const detail = `commit ${short(revision)} in one swap: ${names} (sequence ${sequence})`;
    this.#narrator.event(at - this.#since, goesBack ? 'good' : 'plain', what, detail);
  }

  reloaded(reload: Reload): void {
    this.#lastReload = reload;
    this.#reloads += 1;
    const { at, status, detail } = reload;
    if (status === 200)
      this.#narrator.event(at - this.#since, 'good', 'reloaded', `200 from the application: ${detail}`);
    else this.#narrator.event(at - this.#since, 'bad', 'rejected', `500 from the application: ${detail}`);
  }
}

export function short(revision: string): string {
  return revision.slice(0, 7);
}
