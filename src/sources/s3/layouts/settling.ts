import { MissingError, UnsettledError } from '../../../failure/failure.ts';
import { pause } from '../../../platform/pause.ts';
import type { FileEntry, Revision, Snapshot } from '../../../snapshot/entry.ts';
import type { FileSink } from '../../../snapshot/file-sink.ts';
import type { Probe } from '../../source.ts';
import type { Layout } from './layout.ts';
import { type Patience, usualPatience } from './patience.ts';
import { type Listing, Prefix, type PrefixOptions, type Survey } from './prefix.ts';
import { Taken } from './taken.ts';

export interface SettlingOptions extends PrefixOptions {
  readonly concurrency: number;
  /** The listing must stay equal for so long. Milliseconds. */
  readonly settle: number;
  /** Milliseconds between two probes; 0 = only when triggered. */
  readonly pollInterval: number;
  /** The one listing that counts, in the place of the newest. */
  readonly at?: Revision | undefined;
  readonly patience?: Pick<Patience, 'longest'>;
}

/** More objects than these make each poll heavy. */
const manyObjects = 5000;

/**
 * The set is what lies below a prefix whose writer gives no sign when it is done: it is taken when the listing has
 * stayed equal for a while. That is the best that can be done, and proves nothing.
 */
export class SettlingLayout implements Layout {
  readonly #options: SettlingOptions;
  readonly #prefix: Prefix;
  #taken: { readonly files: Taken; readonly digest: string } | undefined;
  #warned = false;
  #warnedOfCost = false;

  constructor(options: SettlingOptions) {
    this.#options = options;
    this.#prefix = new Prefix(options);
  }

  async probe(previous: Revision | undefined, signal: AbortSignal): Promise<Probe> {
    // A listing that was no news is kept no longer.
    this.#taken = undefined;
    const survey = await this.#prefix.survey(signal);
    this.#warnOfCost(survey);
    const revision = this.#revision(survey.digest);
    return revision === previous ? { kind: 'unchanged' } : { kind: 'moved', revision };
  }

  async snapshot(signal: AbortSignal): Promise<Snapshot> {
    this.#warn();
    const { objects, digest } = await this.#settled(signal);
    const revision = this.#revision(digest);
    const files = new Taken(this.#options, await this.#prefix.paths(objects));
    this.#taken = { files, digest };
    return { revision, entries: files.entries };
  }

  async write(files: readonly FileEntry[], sink: FileSink, signal: AbortSignal): Promise<void> {
    const taken = this.#taken;
    this.#taken = undefined;
    if (taken === undefined) throw this.#unsettled('nothing was listed that could be read');
    await taken.files.write(files, sink, signal);
    const { digest } = await this.#prefix.survey(signal);
    if (digest !== taken.digest)
      throw this.#unsettled('objects below the prefix changed while they were read');
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  async #settled(signal: AbortSignal): Promise<Listing> {
    const { settle, patience = usualPatience } = this.#options;
    const end = performance.now() + patience.longest;
    let listing = await this.#prefix.list(signal);
    do {
      await pause(settle, signal);
      const again = await this.#prefix.list(signal);
      if (again.digest === listing.digest) return again;
      listing = again;
    } while (performance.now() + settle <= end);
    throw this.#unsettled(
      `objects below the prefix kept changing for ${Math.round(patience.longest / 1000)} s`,
    );
  }

  #revision(digest: string): Revision {
    const { at, store } = this.#options;
    const revision = `listing:${digest}` as Revision;
    if (at === undefined || at === revision) return revision;
    throw new MissingError({
      setting: 'WHERRY_S3_PREFIX',
      problem: `${store.display} no longer has the set ${at}: other objects are there now`,
      cure: 'a set below a prefix without a marker cannot be brought back; a pointer or a versioned bucket with a marker can',
    });
  }

  #unsettled(problem: string): UnsettledError {
    return new UnsettledError({
      setting: 'WHERRY_S3_SETTLE',
      problem,
      cure: 'let the writer put a marker last and set WHERRY_S3_MARKER, or lower WHERRY_S3_SETTLE',
    });
  }

  #warn(): void {
    if (this.#warned) return;
    this.#warned = true;
    this.#options.log.warn(
      { setting: 'WHERRY_S3_MARKER' },
      'without a marker nothing can prove that a release below the prefix is complete: half of one may be published',
    );
  }

  #warnOfCost({ count, pages }: Survey): void {
    const { pollInterval, log } = this.#options;
    const isDear = count > manyObjects || (pollInterval > 0 && pages > pollInterval / 1000);
    if (!isDear || this.#warnedOfCost) return;
    this.#warnedOfCost = true;
    const fields = { objects: count, requests: pages, setting: 'WHERRY_S3_PREFIX' };
    log.warn(
      fields,
      'each poll lists all of these; a marker, an archive or a pointer costs one cheap request',
    );
  }
}
