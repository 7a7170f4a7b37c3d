import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type {
  Bucket,
  Condition,
  ListedObject,
  PutAnswer,
  PutRequest,
  StoredObject,
} from '../../src/release/bucket.ts';

/** How stores differ in what they make of conditions. */
export type Manner =
  | 'compares'
  | 'compares-without-quotes'
  | 'takes-no-notice'
  /** As if each write were of a key that is not there. */
  | 'compares-with-nothing'
  | 'refuses';

/** A bucket in memory, and every request to it. */
export class MemoryBucket implements Bucket {
  readonly display = 's3://memory';
  readonly objects = new Map<string, Buffer>();
  /** `put current if same`, `list blobs/`. */
  readonly requests: string[] = [];
  manner: Manner = 'compares';
  pageLength = 1000;
  /** Sizes are not told, as to one who may not list. */
  isDiscreet = false;
  /** Called before a write is looked at. */
  beforePut: (key: string) => void = () => undefined;
  /** The answer to the next write of this key is lost, and the client sends it again. */
  loseAnswerOf: string | undefined;

  put(request: PutRequest, signal: AbortSignal): Promise<PutAnswer> {
    return this.#put(request, signal, true);
  }

  async read(key: string, _largest: number, signal: AbortSignal): Promise<StoredObject | undefined> {
    signal.throwIfAborted();
    this.requests.push(`read ${key}`);
    const bytes = this.objects.get(key);
    return bytes === undefined ? undefined : { bytes, etag: `"${etagOf(bytes)}"` };
  }

  async sizeOf(key: string, signal: AbortSignal): Promise<number | 'missing' | 'unknown'> {
    signal.throwIfAborted();
    this.requests.push(`size ${key}`);
    const bytes = this.objects.get(key);
    if (bytes !== undefined) return bytes.byteLength;
    return this.isDiscreet ? 'unknown' : 'missing';
  }

  async *list(prefix: string, signal: AbortSignal): AsyncGenerator<readonly ListedObject[]> {
    const found = [...this.objects].filter(([key]) => key.startsWith(prefix));
    for (let at = 0; at === 0 || at < found.length; at += this.pageLength) {
      signal.throwIfAborted();
      this.requests.push(`list ${prefix}`);
      yield found
        .slice(at, at + this.pageLength)
        .map(([key, { byteLength: size }], index) => ({ key, size, lastModified: at + index }));
    }
  }

  [Symbol.dispose](): void {}

  async #put(request: PutRequest, signal: AbortSignal, canGetLost: boolean): Promise<PutAnswer> {
    const { key, content, condition } = request;
    signal.throwIfAborted();
    this.beforePut(key);
    this.requests.push(`put ${key}${condition.kind === 'none' ? '' : ` if ${condition.kind}`}`);
    if (!this.#holds(key, condition)) return 'refused';
    const body = content.open();
    const chunks: Uint8Array[] = [];
    if (body instanceof Readable) for await (const chunk of body) chunks.push(chunk as Uint8Array);
    else chunks.push(body);
    this.objects.set(key, Buffer.concat(chunks));
    if (!canGetLost || this.loseAnswerOf !== key) return 'stored';
    this.loseAnswerOf = undefined;
    return this.#put(request, signal, false);
  }

  #holds(key: string, condition: Condition): boolean {
    const bytes = this.objects.get(key);
    switch (condition.kind) {
      case 'none':
        return true;
      case 'new':
        return bytes === undefined || this.manner === 'compares-with-nothing';
      case 'same': {
        if (this.manner === 'takes-no-notice') return true;
        const etag = bytes === undefined ? undefined : etagOf(bytes);
        if (this.manner === 'compares-with-nothing' || this.manner === 'refuses') return false;
        const quoted = this.manner === 'compares' ? `"${etag}"` : etag;
        return etag !== undefined && condition.etag === quoted;
      }
    }
  }
}

function etagOf(bytes: Buffer): string {
  return createHash('md5').update(bytes).digest('hex');
}
