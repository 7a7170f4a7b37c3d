import { collectGenerations, removeEmptyPlace, type Sequences } from '../collect.ts';
import { clearFormer } from '../former.ts';
import { type Generation, generationsIn } from '../generation.ts';
import { ownLinks } from '../own-links.ts';
import type { Collected, PublisherOptions } from '../publisher.ts';
import { retire, unretired } from '../retire.ts';
import { onTarget } from '../target-errors.ts';

/** What another mode left in the target. Only an earlier run can have done so: what is gone is not looked for again. */
export class FormerMode {
  readonly #options: Pick<PublisherOptions, 'target' | 'retain'>;
  readonly #sequences: Sequences = new Map();
  #links: ReadonlySet<string> | undefined;
  #isCleared = false;
  #isCollected = false;

  constructor(options: Pick<PublisherOptions, 'target' | 'retain'>) {
    this.#options = options;
  }

  /** Its visible links, whose names plain files may take. */
  async links(): Promise<ReadonlySet<string>> {
    this.#links ??= new Set(await ownLinks(this.#options.target));
    return this.#links;
  }

  /** Removes the links that are left, and wakes those who watch what they led to. */
  async clear(current: Generation): Promise<void> {
    if (this.#isCleared) return;
    const { target } = this.#options;
    if (await clearFormer(target, undefined, [])) {
      for (const generation of await unretired(target, current)) await onTarget(retire(generation));
    }
    this.#links = new Set();
    this.#isCleared = true;
  }

  /** Removes its generations in time. */
  async collect(sequence: number, keep: ReadonlySet<string>): Promise<Collected> {
    if (this.#isCollected) return { due: undefined, failure: undefined };
    const { target, retain } = this.#options;
    const sequences = this.#sequences;
    const collected = await collectGenerations({ target, retain, sequence, keep, sequences });
    if ((await onTarget(generationsIn(target))).length === 0) {
      await removeEmptyPlace(target);
      this.#isCollected = true;
    }
    return collected;
  }
}
