import type { FileEntry, Revision, Snapshot } from '../../../snapshot/entry.ts';
import type { FileSink } from '../../../snapshot/file-sink.ts';
import type { PathFilter } from '../../../snapshot/path-filter.ts';
import type { ArchiveLimits } from '../../archive/budget.ts';
import type { ArchiveFormat } from '../../archive/format.ts';
import type { SpooledArchive } from '../../archive/spooled-archive.ts';
import type { Probe } from '../../source.ts';
import type { Layout } from './layout.ts';
import { provenanceOf } from './provenance.ts';
import type { WatchedObject } from './watched-object.ts';

export interface ArchiveLayoutOptions {
  readonly object: WatchedObject;
  readonly format: ArchiveFormat;
  /** Private to this program; made when it is needed. */
  readonly directory: string;
  readonly filter: () => Promise<PathFilter>;
  readonly limits: ArchiveLimits;
}

/** The set is the content of one archive. */
export class ArchiveLayout implements Layout {
  readonly #options: ArchiveLayoutOptions;
  #spooled: SpooledArchive | undefined;
  #hasTidied = false;

  constructor(options: ArchiveLayoutOptions) {
    this.#options = options;
  }

  async probe(previous: Revision | undefined, signal: AbortSignal): Promise<Probe> {
    // A snapshot whose files nobody asked for was no news.
    await this.#discard();
    const { revision } = await this.#options.object.look(signal);
    return revision === previous ? { kind: 'unchanged' } : { kind: 'moved', revision };
  }

  async snapshot(signal: AbortSignal): Promise<Snapshot> {
    const { object, format, directory, filter, limits } = this.#options;
    await this.#discard();
    const { SpooledArchive, removeSpoolLeftovers } = await import('../../archive/spooled-archive.ts');
    if (!this.#hasTidied) await removeSpoolLeftovers(directory);
    this.#hasTidied = true;
    const { head, revision, body } = await object.open(signal);
    using _body = body;
    const subject = { setting: 'WHERRY_S3_ARCHIVE', key: head.key };
    const { maxBytes } = limits;
    const { size } = head;
    this.#spooled = await SpooledArchive.take(body, { subject, format, directory, size, maxBytes }, signal);
    try {
      const entries = await this.#spooled.entries({ filter: await filter(), limits }, signal);
      return { revision, entries, provenance: provenanceOf(head) };
    } catch (error) {
      await this.#discard();
      throw error;
    }
  }

  async write(files: readonly FileEntry[], sink: FileSink, signal: AbortSignal): Promise<void> {
    try {
      if (files.length === 0) return;
      if (this.#spooled === undefined) throw this.#options.object.replaced();
      await this.#spooled.write(files, sink, signal);
    } finally {
      await this.#discard();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#discard();
    await this.#options.object[Symbol.asyncDispose]();
  }

  async #discard(): Promise<void> {
    const spooled = this.#spooled;
    this.#spooled = undefined;
    await spooled?.[Symbol.asyncDispose]();
  }
}
