import { MissingError, UnexpectedError, UnsettledError } from '../../../failure/failure.ts';
import type { FileEntry, RelativePath } from '../../../snapshot/entry.ts';
import type { FileSink } from '../../../snapshot/file-sink.ts';
import type { GetRequest, ListedObject, ListedVersion, Store } from '../store/store.ts';
import { download } from './download.ts';
import { fingerprintOf } from './fingerprint.ts';

export interface TakenOptions {
  readonly store: Store;
  readonly concurrency: number;
  /** What named the prefix, for errors. */
  readonly setting: string;
}

/** The objects below a prefix that a snapshot listed, to be fetched as they were then. */
export class Taken {
  readonly #options: TakenOptions;
  readonly #files: ReadonlyMap<RelativePath, ListedObject | ListedVersion>;

  constructor(options: TakenOptions, files: ReadonlyMap<RelativePath, ListedObject | ListedVersion>) {
    this.#options = options;
    this.#files = files;
  }

  get entries(): readonly FileEntry[] {
    return Array.from(this.#files, ([path, object]) => ({
      kind: 'file',
      path,
      executable: false,
      fingerprint: fingerprintOf(object),
      size: object.size,
    }));
  }

  async write(files: readonly FileEntry[], sink: FileSink, signal: AbortSignal): Promise<void> {
    const { store, concurrency, setting } = this.#options;
    try {
      await download(files, { store, concurrency, locate: (file) => this.#locate(file) }, sink, signal);
    } catch (error) {
      throw error instanceof MissingError ? gone(error, setting) : error;
    }
  }

  #locate({ path }: FileEntry): GetRequest {
    const object = this.#files.get(path);
    if (object === undefined)
      throw new UnexpectedError({ problem: `${JSON.stringify(path)} was not listed` });
    const versionId = 'versionId' in object ? object.versionId : undefined;
    return { key: object.key, setting: this.#options.setting, ifMatch: object.etag, versionId };
  }
}

function gone(cause: MissingError, setting: string): UnsettledError {
  return new UnsettledError({
    setting,
    problem: `an object was removed while the set was read: ${cause.details.problem}`,
    cure: 'it is read again at the next try',
    cause,
  });
}
