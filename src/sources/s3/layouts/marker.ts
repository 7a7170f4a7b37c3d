import { DeniedError, UnsettledError } from '../../../failure/failure.ts';
import { pause } from '../../../platform/pause.ts';
import type { FileEntry, Revision, Snapshot } from '../../../snapshot/entry.ts';
import type { FileSink } from '../../../snapshot/file-sink.ts';
import type { Probe } from '../../source.ts';
import type { ListedObject, ObjectHead } from '../store/store.ts';
import type { Layout } from './layout.ts';
import { MarkerTime } from './marker-time.ts';
import { type Patience, usualPatience } from './patience.ts';
import { Prefix, type PrefixOptions } from './prefix.ts';
import { provenanceOf } from './provenance.ts';
import { Taken } from './taken.ts';
import { type SeenMarker, WatchedMarker } from './watched-marker.ts';

export interface MarkerOptions extends PrefixOptions {
  readonly concurrency: number;
  readonly markerKey: string;
  /** One state of the marker, in the place of the newest. */
  readonly at: Revision | undefined;
  readonly patience?: Patience;
}

/** What was listed, and by what its end is told from another state's. */
interface Release {
  readonly files: Taken;
  readonly head: ObjectHead;
  /** Undefined where each file is fetched by its version. */
  readonly digest: string | undefined;
}

/**
 * The set is what lies below a prefix when its writer has put the marker, which it puts last. Nothing of the set may be
 * newer than the marker, before and after it is read; where the bucket keeps versions, those of the marker's time are
 * read while the next release is on its way.
 */
export class MarkerLayout implements Layout {
  readonly #options: MarkerOptions;
  readonly #prefix: Prefix;
  readonly #time: MarkerTime;
  readonly #marker: WatchedMarker;
  #release: Release | undefined;
  #toldVersions = false;

  constructor(options: MarkerOptions) {
    this.#options = options;
    this.#prefix = new Prefix(options, options.markerKey);
    this.#time = new MarkerTime(options);
    this.#marker = new WatchedMarker({ store: options.store, key: options.markerKey, at: options.at });
  }

  async probe(previous: Revision | undefined, signal: AbortSignal): Promise<Probe> {
    // A listing that was no news is kept no longer.
    this.#release = undefined;
    const { revision } = await this.#marker.look(signal);
    return revision === previous ? { kind: 'unchanged' } : { kind: 'moved', revision };
  }

  async snapshot(signal: AbortSignal): Promise<Snapshot> {
    const { patience = usualPatience } = this.#options;
    const end = performance.now() + patience.longest;
    for (;;) {
      const seen = await this.#marker.look(signal);
      const found = await this.#find(seen, signal);
      if (typeof found !== 'string') {
        this.#release = found;
        return { revision: seen.revision, entries: found.files.entries, provenance: provenanceOf(seen.head) };
      }
      if (performance.now() + patience.pause > end) throw this.#unsettled(found);
      await pause(patience.pause, signal);
    }
  }

  async write(files: readonly FileEntry[], sink: FileSink, signal: AbortSignal): Promise<void> {
    const release = this.#release;
    this.#release = undefined;
    if (release === undefined) throw this.#unsettled('nothing was listed that could be read');
    const { files: taken, head, digest } = release;
    await taken.write(files, sink, signal);
    if (digest === undefined) return;
    const again = await this.#prefix.survey(signal);
    if (again.digest !== digest)
      throw this.#unsettled('objects below the prefix changed while they were read');
    if (!(await this.#marker.isStill(head, signal)))
      throw this.#unsettled('the marker was replaced while the set was read');
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  /** The marker's release, or why it cannot be told from the next one now. */
  async #find({ head }: SeenMarker, signal: AbortSignal): Promise<Release | string> {
    if (this.#options.at?.startsWith('version:') === true) return this.#findPast(head, signal);
    const listing = await this.#prefix.list(signal);
    const newerFrom = await this.#time.newerFrom(listing, head, signal);
    if (newerFrom === undefined) return 'the marker was replaced while the objects were listed';
    const newer = listing.objects.find(({ lastModified }) => lastModified.getTime() >= newerFrom);
    if (newer === undefined) return this.#released(listing.objects, head, listing.digest);
    const past = await this.#tryPast(head, signal);
    const problem = `the object ${JSON.stringify(newer.key)} is newer than the marker ${JSON.stringify(head.key)}`;
    return past ?? `${problem}: a release is being written, or was without its marker`;
  }

  /** Undefined where the bucket keeps no versions, or does not list them for these credentials. */
  async #tryPast(head: ObjectHead, signal: AbortSignal): Promise<Release | string | undefined> {
    if (head.versionId === undefined || head.versionId === 'null') return undefined;
    try {
      return await this.#findPast(head, signal);
    } catch (error) {
      if (!(error instanceof DeniedError)) throw error;
      if (!this.#toldVersions)
        this.#options.log.info(
          { err: error },
          'versions may not be listed: a release that is being written is waited for',
        );
      this.#toldVersions = true;
      return undefined;
    }
  }

  async #findPast(head: ObjectHead, signal: AbortSignal): Promise<Release | string> {
    const time = await this.#time.ofVersion(head, signal);
    if (time === undefined) return 'the version of the marker was not listed';
    const { objects } = await this.#prefix.listPast(time, signal);
    return this.#released(objects, head, undefined);
  }

  async #released(
    objects: readonly ListedObject[],
    head: ObjectHead,
    digest: string | undefined,
  ): Promise<Release> {
    return { files: new Taken(this.#options, await this.#prefix.paths(objects)), head, digest };
  }

  #unsettled(problem: string): UnsettledError {
    return new UnsettledError({
      setting: 'WHERRY_S3_MARKER',
      problem,
      cure: 'it is read again at the next try; the writer must put the marker last',
    });
  }
}
