import { MissingError, UnexpectedError, UnsettledError } from '../../../failure/failure.ts';
import type { Entry, FileEntry } from '../../../snapshot/entry.ts';
import type { FileSink } from '../../../snapshot/file-sink.ts';
import type { PathFilter } from '../../../snapshot/path-filter.ts';
import { parsePath } from '../../../snapshot/path-rules.ts';
import { fingerprintOf } from '../layouts/fingerprint.ts';
import { Prefix, type PrefixOptions } from '../layouts/prefix.ts';
import { Taken, type TakenOptions } from '../layouts/taken.ts';
import type { ObjectHead, Store } from '../store/store.ts';
import type { Contents } from './contents.ts';

/** Every object below the prefix that a pointer names. It is complete, because the pointer was written last. */
export async function prefixContents(
  options: PrefixOptions & TakenOptions,
  signal: AbortSignal,
): Promise<Contents> {
  const { prefix: text, store, setting } = options;
  const prefix = new Prefix(options);
  const { objects } = await prefix.list(signal);
  if (objects.length === 0) {
    throw new MissingError({
      setting,
      problem: `nothing that the globs take is below the prefix ${JSON.stringify(text)} in ${store.display}`,
    });
  }
  const taken = new Taken(options, await prefix.paths(objects));
  return {
    entries: taken.entries,
    write: (files, sink, signal) => taken.write(files, sink, signal),
    [Symbol.asyncDispose]: async () => undefined,
  };
}

/** The one object that a pointer names, called by the last element of its key. */
export class ObjectContents implements Contents {
  readonly entries: readonly Entry[];
  readonly #head: ObjectHead;
  readonly #store: Store;
  readonly #setting: string;

  private constructor(head: ObjectHead, takes: PathFilter['takes'], store: Store, setting: string) {
    this.#head = head;
    this.#store = store;
    this.#setting = setting;
    const name = head.key.slice(head.key.lastIndexOf('/') + 1);
    const fingerprint = fingerprintOf(head);
    this.entries = takes(name)
      ? [{ kind: 'file', path: parsePath(name), executable: false, fingerprint, size: head.size }]
      : [];
  }

  static async open(
    key: string,
    {
      store,
      setting,
      filter,
    }: { readonly store: Store; readonly setting: string; readonly filter: PathFilter },
    signal: AbortSignal,
  ): Promise<ObjectContents> {
    const answer = await store.get({ key, setting }, signal);
    if (answer.kind !== 'found')
      throw new UnexpectedError({ problem: `no content came for ${JSON.stringify(key)}` });
    answer.body[Symbol.dispose]();
    return new ObjectContents(answer.head, filter.takes, store, setting);
  }

  async write([file]: readonly FileEntry[], sink: FileSink, signal: AbortSignal): Promise<void> {
    if (file === undefined) return;
    const { key, etag } = this.#head;
    const answer = await this.#store.get({ key, setting: this.#setting, ifMatch: etag }, signal);
    if (answer.kind !== 'found') throw this.#replaced();
    using body = answer.body;
    if (answer.head.etag !== etag) throw this.#replaced();
    await sink.put(file, body);
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #replaced(): UnsettledError {
    return new UnsettledError({
      setting: this.#setting,
      problem: `the object ${JSON.stringify(this.#head.key)} was replaced while it was read`,
      cure: 'it is read again at the next try; what a pointer names should never be written over',
    });
  }
}
