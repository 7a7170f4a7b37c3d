import type { Log } from '../../platform/log.ts';
import type { FileEntry, RelativePath } from '../../snapshot/entry.ts';
import type { FileSink } from '../../snapshot/file-sink.ts';

/** How far the writing of a set has come, so that it can go on with another clone. */
export class Copying {
  readonly #left: Set<FileEntry>;
  readonly #pointers: RelativePath[] = [];
  #open: FileEntry | undefined;

  constructor(files: readonly FileEntry[]) {
    this.#left = new Set(files);
  }

  /** The files that are still to be written. */
  get left(): readonly FileEntry[] {
    return [...this.#left];
  }

  /** False when a file broke off in its middle: what the sink has of it cannot be taken back. */
  get canGoOn(): boolean {
    return this.#open === undefined;
  }

  /** The sink, with a note of what it took. */
  into(sink: FileSink): FileSink {
    return {
      put: async (file, content) => {
        this.#open = file;
        await sink.put(file, content);
        this.#open = undefined;
        this.#left.delete(file);
      },
    };
  }

  notePointer(file: FileEntry): void {
    this.#pointers.push(file.path);
  }

  warnOfPointers(log: Log): void {
    if (this.#pointers.length === 0) return;
    log.warn(
      { paths: this.#pointers.slice(0, 20), count: this.#pointers.length },
      'these files are Git LFS pointers, not the contents that they stand for',
    );
  }
}
