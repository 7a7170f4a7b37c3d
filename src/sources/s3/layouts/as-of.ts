import { MissingError, SettingsError, UnexpectedError } from '../../../failure/failure.ts';
import type { FileEntry, Revision, Snapshot } from '../../../snapshot/entry.ts';
import type { FileSink } from '../../../snapshot/file-sink.ts';
import type { Probe } from '../../source.ts';
import type { Layout } from './layout.ts';
import { Prefix, type PrefixOptions } from './prefix.ts';
import { Taken } from './taken.ts';

export interface AsOfOptions extends PrefixOptions {
  readonly concurrency: number;
  readonly time: Date;
  /** A key of no set, at whatever time. */
  readonly markerKey: string | undefined;
}

/** The set is what lay below a prefix of a versioned bucket at a time: it never changes, so nothing is polled. */
export class AsOfLayout implements Layout {
  readonly #options: AsOfOptions;
  readonly #prefix: Prefix;
  readonly #revision: Revision;
  #taken: Taken | undefined;

  constructor(options: AsOfOptions) {
    this.#options = options;
    this.#prefix = new Prefix(options, options.markerKey);
    this.#revision = `as-of:${options.time.toISOString()}` as Revision;
  }

  async probe(previous: Revision | undefined, signal: AbortSignal): Promise<Probe> {
    signal.throwIfAborted();
    if (this.#revision === previous) return { kind: 'unchanged' };
    return { kind: 'moved', revision: this.#revision };
  }

  async snapshot(signal: AbortSignal): Promise<Snapshot> {
    const { time } = this.#options;
    if (time.getTime() > Date.now()) throw this.#notYet();
    const { objects, oldest, hasHistory } = await this.#prefix.listPast(time, signal);
    if (oldest !== undefined && !hasHistory) throw this.#noHistory();
    if (oldest === undefined || oldest > time) throw this.#nothing(oldest);
    this.#taken = new Taken(this.#options, await this.#prefix.paths(objects));
    return { revision: this.#revision, entries: this.#taken.entries };
  }

  /** A version does not change: what was listed is what is fetched. */
  async write(files: readonly FileEntry[], sink: FileSink, signal: AbortSignal): Promise<void> {
    const taken = this.#taken;
    this.#taken = undefined;
    if (taken === undefined && files.length > 0)
      throw new UnexpectedError({ problem: 'nothing was listed that could be read' });
    await taken?.write(files, sink, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  get #place(): string {
    const { prefix, store } = this.#options;
    return `below ${JSON.stringify(prefix)} in ${store.display}`;
  }

  #notYet(): SettingsError {
    return new SettingsError({
      setting: 'WHERRY_S3_AS_OF',
      problem: `${this.#options.time.toISOString()} is in the future`,
      cure: 'set a time that has passed, or none for the newest set',
    });
  }

  #noHistory(): SettingsError {
    return new SettingsError({
      setting: 'WHERRY_S3_AS_OF',
      problem: `a time needs a bucket that keeps versions, and nothing ${this.#place} has one`,
      cure: 'turn versioning on, or set no time',
    });
  }

  #nothing(oldest: Date | undefined): MissingError {
    const since =
      oldest === undefined ? 'and nothing is there now' : `the first came at ${oldest.toISOString()}`;
    return new MissingError({
      setting: 'WHERRY_S3_AS_OF',
      problem: `nothing was ${this.#place} at ${this.#options.time.toISOString()}, ${since}`,
      cure: 'check the time, the prefix and the globs; old versions may have expired',
    });
  }
}
