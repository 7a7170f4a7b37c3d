import type { FileEntry, Revision, Snapshot } from '../../../snapshot/entry.ts';
import type { FileSink } from '../../../snapshot/file-sink.ts';
import type { PathFilter } from '../../../snapshot/path-filter.ts';
import { parsePath } from '../../../snapshot/path-rules.ts';
import type { Probe } from '../../source.ts';
import type { ObjectHead } from '../store/store.ts';
import { fingerprintOf } from './fingerprint.ts';
import type { Layout } from './layout.ts';
import { provenanceOf } from './provenance.ts';
import type { WatchedObject } from './watched-object.ts';

/** The set is one object, called by the last element of its key. */
export class ObjectLayout implements Layout {
  readonly #object: WatchedObject;
  readonly #filter: () => Promise<PathFilter>;

  constructor(object: WatchedObject, filter: () => Promise<PathFilter>) {
    this.#object = object;
    this.#filter = filter;
  }

  async probe(previous: Revision | undefined, signal: AbortSignal): Promise<Probe> {
    const { revision } = await this.#object.look(signal);
    return revision === previous ? { kind: 'unchanged' } : { kind: 'moved', revision };
  }

  async snapshot(signal: AbortSignal): Promise<Snapshot> {
    const { head, revision } = await this.#object.current(signal);
    const name = head.key.slice(head.key.lastIndexOf('/') + 1);
    const { takes } = await this.#filter();
    const entries = takes(name) ? [entryOf(name, head)] : [];
    return { revision, entries, provenance: provenanceOf(head) };
  }

  async write([file]: readonly FileEntry[], sink: FileSink, signal: AbortSignal): Promise<void> {
    if (file === undefined) return;
    const { body, head } = await this.#object.open(signal);
    using _body = body;
    if (fingerprintOf(head) !== file.fingerprint) throw this.#object.replaced();
    await sink.put(file, body);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#object[Symbol.asyncDispose]();
  }
}

function entryOf(name: string, head: ObjectHead): FileEntry {
  const { size } = head;
  return { kind: 'file', path: parsePath(name), executable: false, fingerprint: fingerprintOf(head), size };
}
