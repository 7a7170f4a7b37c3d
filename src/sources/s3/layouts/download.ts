import { UnexpectedError, UnsettledError } from '../../../failure/failure.ts';
import type { FileEntry } from '../../../snapshot/entry.ts';
import type { FileSink } from '../../../snapshot/file-sink.ts';
import type { GetRequest, ObjectBody, Store } from '../store/store.ts';

export interface DownloadOptions {
  readonly store: Pick<Store, 'get'>;
  /** So many objects at a time. */
  readonly concurrency: number;
  /** Where a file's content lies. With `ifMatch` only that object will do, whatever the store makes of the header. */
  locate(file: FileEntry): GetRequest;
}

/** More is streamed: memory then holds no more than this of each object. */
const wholeUpTo = 256 * 1024;

/**
 * Writes the contents of the files, several at a time. The first failure ends the others, and is thrown when they have
 * ended; an object that is no longer the wanted one is an `UnsettledError`.
 */
export async function download(
  files: readonly FileEntry[],
  options: DownloadOptions,
  sink: FileSink,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  const first = new AbortController();
  const either = AbortSignal.any([signal, first.signal]);
  const queue = files.values();
  const worker = async () => {
    try {
      for (const file of queue) {
        await downloadOne(file, options, sink, either);
        either.throwIfAborted();
      }
    } catch (error) {
      // Of several failures only the first is a cause.
      first.abort(error);
    }
  };
  await Promise.all(Array.from({ length: Math.min(options.concurrency, files.length) }, worker));
  signal.throwIfAborted();
  first.signal.throwIfAborted();
}

async function downloadOne(
  file: FileEntry,
  { store, locate }: DownloadOptions,
  sink: FileSink,
  signal: AbortSignal,
): Promise<void> {
  const request = locate(file);
  const answer = await store.get(request, signal);
  switch (answer.kind) {
    case 'replaced':
      throw replaced(request);
    case 'unchanged':
      throw new UnexpectedError({ problem: `no content came for the key ${JSON.stringify(request.key)}` });
    case 'found': {
      using body = answer.body;
      const { head } = answer;
      // Some stores take no notice of If-Match.
      if (request.ifMatch !== undefined && head.etag !== request.ifMatch) throw replaced(request);
      await sink.put(file, head.size <= wholeUpTo ? await readWhole(body, head.size) : body);
    }
  }
}

async function readWhole(body: ObjectBody, size: number): Promise<Uint8Array> {
  const whole = Buffer.allocUnsafeSlow(size);
  let length = 0;
  for await (const chunk of body) {
    // The body keeps to its length; a store that does not know it is no reason to write beyond the end.
    if (length + chunk.byteLength > size) throw tooLong(size);
    whole.set(chunk, length);
    length += chunk.byteLength;
  }
  return whole.subarray(0, length);
}

function tooLong(size: number): UnexpectedError {
  return new UnexpectedError({ problem: `more bytes came than the ${size} that were announced` });
}

function replaced({ key, setting }: GetRequest): UnsettledError {
  return new UnsettledError({
    setting,
    problem: `the object ${JSON.stringify(key)} was replaced while the set was read`,
    cure: 'it is read again at the next try',
  });
}
