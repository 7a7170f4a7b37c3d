import type { FileEntry } from '../../snapshot/entry.ts';
import type { FileSink } from '../../snapshot/file-sink.ts';
import { DamageError } from './damage.ts';
import { ObjectReader, type ReadableClone } from './object-reader.ts';

/** Up to this size a file's content is handed over whole; a larger one in pieces, so that memory does not grow. */
const wholeUpTo = 256 * 1024;

const lfsPointer = Buffer.from('version https://git-lfs.github.com/spec/v1');
const largestPointer = 1024;

export interface CopyOptions {
  readonly clone: ReadableClone;
  /** One that is at hand; it is used up. */
  readonly spare?: ObjectReader | undefined;
  readonly sink: FileSink;
  readonly signal: AbortSignal;
  /** Told of each file that is only a pointer to its content. */
  onPointer(file: FileEntry): void;
}

/** The blob that a file's fingerprint names. */
export function oidOf({ fingerprint }: FileEntry): string {
  return fingerprint.slice('git:'.length);
}

/** Copies the files' contents, byte for byte, from one `git cat-file`, no faster than the sink takes them. */
export async function copyBlobs(files: readonly FileEntry[], options: CopyOptions): Promise<void> {
  if (files.length === 0) return;
  const { clone, spare, sink, signal, onPointer } = options;
  await using reader = spare ?? new ObjectReader(clone, 'bulk', signal);
  reader.ask(files.map(oidOf));
  reader.askNoMore();
  for (const file of files) {
    const arrived = reader.arrived();
    const head = arrived?.head ?? (await reader.head());
    if (head?.type !== 'blob') throw new DamageError(`the content ${oidOf(file)} is missing`);
    if (arrived === undefined && head.size > wholeUpTo) await sink.put(file, reader.stream(head));
    else {
      const content = arrived?.content ?? (await reader.content(head));
      if (head.size <= largestPointer && content.subarray(0, lfsPointer.byteLength).equals(lfsPointer)) {
        onPointer(file);
      }
      await sink.put(file, content);
    }
    signal.throwIfAborted();
  }
}

/** Those of the objects that the clone does not have. */
export async function missingOf(
  oids: readonly string[],
  clone: ReadableClone,
  signal: AbortSignal,
): Promise<string[]> {
  if (oids.length === 0) return [];
  await using reader = new ObjectReader(clone, 'heads', signal);
  reader.ask(oids);
  reader.askNoMore();
  const missing: string[] = [];
  for (const oid of oids) if ((await reader.head()) === undefined) missing.push(oid);
  return missing;
}
