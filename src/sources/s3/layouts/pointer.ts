import { MissingError, UnexpectedError } from '../../../failure/failure.ts';
import type { Log } from '../../../platform/log.ts';
import type { FileEntry, Provenance, Revision, Snapshot } from '../../../snapshot/entry.ts';
import type { FileSink } from '../../../snapshot/file-sink.ts';
import type { PathFilter } from '../../../snapshot/path-filter.ts';
import type { Probe } from '../../source.ts';
import type { Contents } from '../pointer/contents.ts';
import type { NamedFiles, NamedManifest } from '../pointer/document.ts';
import { type Limits, namedSet } from '../pointer/entries.ts';
import { largestManifest, type Pointer, parseManifest, tooLarge } from '../pointer/pointer.ts';
import { PointerObject, type PointerObjectOptions, type Said } from '../pointer/pointer-object.ts';
import { readBytes } from '../pointer/read-bytes.ts';
import { ReleaseFiles } from '../pointer/release-files.ts';
import type { Layout } from './layout.ts';
import { provenanceOf } from './provenance.ts';

export interface PointerLayoutOptions extends PointerObjectOptions {
  /** Private to this program; made when it is needed. */
  readonly directory: string;
  readonly filter: () => Promise<PathFilter>;
  readonly limits: Limits;
  readonly concurrency: number;
  /** What becomes of a key below a named prefix that cannot be a path. */
  readonly badKeys: 'refuse' | 'skip';
  readonly log: Log;
}

/** The set is what a small document names. */
export class PointerLayout implements Layout {
  readonly #options: PointerLayoutOptions;
  readonly #object: PointerObject;
  #contents: Contents | undefined;
  #hasTidied = false;

  constructor(options: PointerLayoutOptions) {
    this.#options = options;
    this.#object = new PointerObject(options);
  }

  async probe(previous: Revision | undefined, signal: AbortSignal): Promise<Probe> {
    // A snapshot whose files nobody asked for was no news.
    await this.#discard();
    const revision = await this.#object.look(signal);
    return revision === previous ? { kind: 'unchanged' } : { kind: 'moved', revision };
  }

  async snapshot(signal: AbortSignal): Promise<Snapshot> {
    await this.#discard();
    const said = await this.#object.say(signal);
    this.#contents = await this.#named(this.#open(said.pointer, signal));
    return { revision: said.revision, entries: this.#contents.entries, provenance: provenance(said) };
  }

  /** What is named never changes, and was verified: nothing needs a second look. */
  async write(files: readonly FileEntry[], sink: FileSink, signal: AbortSignal): Promise<void> {
    try {
      if (files.length === 0) return;
      if (this.#contents === undefined) throw new UnexpectedError({ problem: 'nothing was listed' });
      await this.#named(this.#contents.write(files, sink, signal));
    } finally {
      await this.#discard();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#discard();
    await this.#object[Symbol.asyncDispose]();
  }

  /** A key that is missing is that of something named, which the user never wrote. */
  async #named<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      const { setting, key } = this.#options;
      if (!(error instanceof MissingError) || error.details.setting !== setting) throw error;
      throw new MissingError({
        setting,
        problem: `the pointer ${JSON.stringify(key)} names what is not there: ${error.details.problem}`,
        cure: 'upload what it names first, and write the pointer last; let no lifecycle rule remove it',
        cause: error,
      });
    }
  }

  async #open(pointer: Pointer, signal: AbortSignal): Promise<Contents> {
    const filter = await this.#options.filter();
    switch (pointer.kind) {
      case 'release': {
        const { content } = pointer.release;
        if (content.kind === 'archive') return this.#openArchive(content, filter, signal);
        const { files } = content.kind === 'files' ? content : await this.#readManifest(content, signal);
        return new ReleaseFiles(this.#options, namedSet(files, filter, this.#options.limits));
      }
      case 'archive':
        return this.#openArchive(pointer, filter, signal);
      case 'object': {
        const { ObjectContents } = await import('../pointer/plain-contents.ts');
        return ObjectContents.open(pointer.key, { ...this.#options, filter }, signal);
      }
      case 'prefix': {
        const { prefixContents } = await import('../pointer/plain-contents.ts');
        const { maxFiles } = this.#options.limits;
        return prefixContents({ ...this.#options, prefix: pointer.prefix, maxFiles }, signal);
      }
    }
  }

  async #openArchive(
    wanted: { readonly key: string; readonly sha256?: string },
    filter: PathFilter,
    signal: AbortSignal,
  ): Promise<Contents> {
    const { NamedArchiveContents } = await import('../pointer/named-archive.ts');
    if (!this.#hasTidied) {
      const { removeSpoolLeftovers } = await import('../../archive/spooled-archive.ts');
      await removeSpoolLeftovers(this.#options.directory);
    }
    this.#hasTidied = true;
    return NamedArchiveContents.open(wanted, { ...this.#options, filter }, signal);
  }

  async #readManifest({ key, sha256 }: NamedManifest, signal: AbortSignal): Promise<NamedFiles> {
    const { store, setting } = this.#options;
    const document = { setting, display: `the manifest ${JSON.stringify(key)} in ${store.display}` };
    const answer = await store.get({ key, setting }, signal);
    if (answer.kind !== 'found')
      throw new UnexpectedError({ problem: `no content came for ${JSON.stringify(key)}` });
    using _body = answer.body;
    const bytes = await readBytes(answer, largestManifest);
    if (bytes === undefined) throw tooLarge(document, largestManifest);
    return parseManifest(bytes, document, sha256);
  }

  async #discard(): Promise<void> {
    const contents = this.#contents;
    this.#contents = undefined;
    await contents?.[Symbol.asyncDispose]();
  }
}

function provenance({ head, pointer }: Said): Provenance {
  const where = provenanceOf(head);
  return pointer.kind === 'release' ? { ...where, release: pointer.release.rev } : where;
}
