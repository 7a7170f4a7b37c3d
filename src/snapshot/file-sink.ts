import type { FileEntry } from './entry.ts';

/** Takes file contents, in any order of paths. `put` resolves when the next content may come. */
export interface FileSink {
  /** An iterable is read to its end before `put` resolves; a Uint8Array must not be reused by the caller. */
  put(file: FileEntry, content: Uint8Array | AsyncIterable<Uint8Array>): Promise<void>;
}
