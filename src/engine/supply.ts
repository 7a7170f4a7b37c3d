import type { Revision } from '../snapshot/entry.ts';
import type { Source } from '../sources/source.ts';
import type { Parts } from './parts.ts';

/** Holds the one source that is in use: sources of one repository share its clone, and must not meet in it. */
export class Supply implements AsyncDisposable {
  #current:
    | { readonly parts: Parts; readonly revision: Revision | undefined; readonly source: Source }
    | undefined;

  /** The source of these parts, at a revision or at what it shows. Another one is ended first. */
  async source(parts: Parts, revision: Revision | undefined): Promise<Source> {
    const held = this.#current;
    if (held?.parts === parts && held.revision === revision) return held.source;
    await this[Symbol.asyncDispose]();
    const source = parts.createSource(revision);
    this.#current = { parts, revision, source };
    return source;
  }

  get current(): Source | undefined {
    return this.#current?.source;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { current } = this;
    this.#current = undefined;
    await current?.[Symbol.asyncDispose]();
  }
}
