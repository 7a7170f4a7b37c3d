import type { Entry, FileEntry, Snapshot } from '../../src/snapshot/entry.ts';
import type { FileSink } from '../../src/snapshot/file-sink.ts';
import type { Source } from '../../src/sources/source.ts';
import { soon } from './calls.ts';
import type { RecordingLog } from './recording-log.ts';

export interface TestSource {
  readonly source: Source;
  readonly stateDir: string;
  readonly log: RecordingLog;
}

/** Collects what a source writes. */
export class MemorySink implements FileSink {
  readonly files = new Map<string, Buffer>();
  readonly puts: string[] = [];
  /** Of them, those whose content did not come in one piece. */
  readonly streamed = new Set<string>();

  get texts(): Readonly<Record<string, string>> {
    return Object.fromEntries(Array.from(this.files, ([path, bytes]) => [path, bytes.toString('utf8')]));
  }

  async put(file: FileEntry, content: Uint8Array | AsyncIterable<Uint8Array>): Promise<void> {
    this.puts.push(file.path);
    const chunks: Uint8Array[] = [];
    if (content instanceof Uint8Array) chunks.push(content);
    else {
      this.streamed.add(file.path);
      for await (const chunk of content) chunks.push(Buffer.from(chunk));
    }
    this.files.set(file.path, Buffer.concat(chunks));
  }
}

export function filesOf(entries: readonly Entry[]): FileEntry[] {
  return entries.filter((entry) => entry.kind === 'file');
}

export interface Taken {
  readonly snapshot: Snapshot;
  /** Contents as text, by path; a link as `-> target`. */
  readonly texts: Readonly<Record<string, string>>;
}

/** A snapshot with all its contents. */
export async function take(source: Pick<Source, 'snapshot' | 'write'>, signal = soon()): Promise<Taken> {
  const snapshot = await source.snapshot(signal);
  const sink = new MemorySink();
  await source.write(filesOf(snapshot.entries), sink, signal);
  const links = snapshot.entries.flatMap((entry) =>
    entry.kind === 'link' ? [[entry.path, `-> ${entry.target}`] as const] : [],
  );
  return { snapshot, texts: { ...sink.texts, ...Object.fromEntries(links) } };
}
