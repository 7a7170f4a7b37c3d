import { RefusedError, UnexpectedError } from '../../../failure/failure.ts';
import type { Entry, FileEntry } from '../../../snapshot/entry.ts';
import type { FileSink } from '../../../snapshot/file-sink.ts';
import type { PathFilter } from '../../../snapshot/path-filter.ts';
import type { ArchiveLimits } from '../../archive/budget.ts';
import { archiveFormatOf } from '../../archive/format.ts';
import { SpooledArchive } from '../../archive/spooled-archive.ts';
import type { Store } from '../store/store.ts';
import type { Contents } from './contents.ts';

export interface ArchiveOptions {
  readonly store: Store;
  readonly setting: string;
  /** Private to this program; it is made. */
  readonly directory: string;
  readonly filter: PathFilter;
  readonly limits: ArchiveLimits;
}

/** An archive by its key, and what is known of it. */
export interface WantedArchive {
  readonly key: string;
  readonly versionId?: string | undefined;
  readonly sha256?: string;
  readonly size?: number;
}

/** The content of an archive that a pointer names. */
export class NamedArchiveContents implements Contents {
  readonly entries: readonly Entry[];
  readonly #spooled: SpooledArchive;

  private constructor(spooled: SpooledArchive, entries: readonly Entry[]) {
    this.#spooled = spooled;
    this.entries = entries;
  }

  static async open(
    wanted: WantedArchive,
    { store, setting, directory, filter, limits }: ArchiveOptions,
    signal: AbortSignal,
  ): Promise<NamedArchiveContents> {
    const { key, versionId, sha256, size } = wanted;
    const format = archiveFormatOf(key);
    if (format === undefined) {
      throw new RefusedError({
        setting,
        problem: `the pointer names the archive ${JSON.stringify(key)}, which is none by its name`,
        cure: 'call it .tar, .tar.gz, .tgz, .tar.zst or .zip',
      });
    }
    const answer = await store.get({ key, setting, versionId }, signal);
    if (answer.kind !== 'found')
      throw new UnexpectedError({ problem: `no content came for ${JSON.stringify(key)}` });
    using body = answer.body;
    if (size !== undefined && answer.head.size !== size) {
      throw new RefusedError({
        setting,
        problem: `the archive ${JSON.stringify(key)} has ${answer.head.size} bytes, and the release says ${size}`,
        cure: 'what a release names must never be written over: release the content again',
      });
    }
    const { maxBytes } = limits;
    const spool = { subject: { setting, key }, format, directory, size: answer.head.size, maxBytes, sha256 };
    const spooled = await SpooledArchive.take(body, spool, signal);
    try {
      return new NamedArchiveContents(spooled, await spooled.entries({ filter, limits }, signal));
    } catch (error) {
      await spooled[Symbol.asyncDispose]();
      throw error;
    }
  }

  write(files: readonly FileEntry[], sink: FileSink, signal: AbortSignal): Promise<void> {
    return this.#spooled.write(files, sink, signal);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#spooled[Symbol.asyncDispose]();
  }
}
