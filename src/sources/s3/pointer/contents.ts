import type { Entry, FileEntry } from '../../../snapshot/entry.ts';
import type { FileSink } from '../../../snapshot/file-sink.ts';

/** What a pointer names, as far as it has been looked at. */
export interface Contents extends AsyncDisposable {
  readonly entries: readonly Entry[];
  /** Writes the contents of these files, each once. */
  write(files: readonly FileEntry[], sink: FileSink, signal: AbortSignal): Promise<void>;
}
