import type { FailureKind } from '../failure/failure.ts';
import type { FileEntry, Revision, Snapshot } from '../snapshot/entry.ts';
import type { FileSink } from '../snapshot/file-sink.ts';

export type Probe = { readonly kind: 'unchanged' } | { readonly kind: 'moved'; readonly revision: Revision };

/**
 * Where configuration comes from. Every method rejects with a `Failure` of the fitting kind, or with the signal's
 * reason when that was aborted; after that the source can be used again.
 */
export interface Source extends AsyncDisposable {
  /** For logs, status and the manifest; never holds a secret. */
  readonly description: string;
  /** The cheap look: which revision is there now? No content moves. */
  probe(previous: Revision | undefined, signal: AbortSignal): Promise<Probe>;
  /** Brings the newest revision near and lists it. It may be newer than the last probe's. */
  snapshot(signal: AbortSignal): Promise<Snapshot>;
  /**
   * Writes the contents of these files of the last snapshot, each once; called after every snapshot that is staged, also
   * with none. What was listed is then still one state of the source, as far as it can tell, or `UnsettledError`.
   */
  write(files: readonly FileEntry[], sink: FileSink, signal: AbortSignal): Promise<void>;
  /** Calls back when the source may have moved, where it can be watched; otherwise undefined. */
  watch(onChange: () => void): Promise<AsyncDisposable | undefined>;
  /** Of a set of several sources: how each of them does. */
  readonly layers?: Layers;
}

/** The sources of a set that has several. One that fails need not keep the others from being followed. */
export interface Layers {
  status(): readonly LayerStatus[];
  /** What came of each since this was last asked. */
  takePolls(): readonly LayerPoll[];
  /** After a failed `write`: whether another snapshot does without what failed. */
  doWithout(error: unknown): Promise<boolean>;
}

export interface LayerPoll {
  readonly layer: string;
  readonly result: 'unchanged' | 'changed' | 'quarantined' | 'failed';
}

export interface LayerStatus {
  readonly name: string;
  /** Never holds a secret. */
  readonly source: string;
  /** Empty = the root of the set. */
  readonly mount: string;
  /** What it showed last. */
  readonly revision?: Revision | undefined;
  readonly lastContact?: Date | undefined;
  readonly failure?: LayerFailure | undefined;
}

/** Why a layer's last good part stands in for what it has now. */
export interface LayerFailure {
  readonly kind: FailureKind;
  readonly message: string;
  /** ISO 8601: since when. */
  readonly at: string;
}
