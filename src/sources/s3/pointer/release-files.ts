import { UnexpectedError } from '../../../failure/failure.ts';
import type { Entry, FileEntry } from '../../../snapshot/entry.ts';
import type { FileSink } from '../../../snapshot/file-sink.ts';
import { download } from '../layouts/download.ts';
import type { Store } from '../store/store.ts';
import type { Contents } from './contents.ts';
import type { NamedFile } from './document.ts';
import type { NamedSet } from './entries.ts';
import { verifying } from './verified.ts';

export interface DownloadOptions {
  readonly store: Store;
  readonly concurrency: number;
  readonly setting: string;
}

/** Files that a release names one by one, each with its digest. What they are needs no second look. */
export class ReleaseFiles implements Contents {
  readonly #options: DownloadOptions;
  readonly #set: NamedSet;

  constructor(options: DownloadOptions, set: NamedSet) {
    this.#options = options;
    this.#set = set;
  }

  get entries(): readonly Entry[] {
    return this.#set.entries;
  }

  async write(files: readonly FileEntry[], sink: FileSink, signal: AbortSignal): Promise<void> {
    const { store, concurrency, setting } = this.#options;
    const named = (path: string) => this.#named(path);
    const locate = ({ path }: FileEntry) => ({ key: named(path).key, setting });
    await download(files, { store, concurrency, locate }, verifying(sink, named, setting), signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #named(path: string): NamedFile {
    const named = this.#set.objects.get(path);
    if (named === undefined) throw new UnexpectedError({ problem: `${JSON.stringify(path)} was not listed` });
    return named;
  }
}
