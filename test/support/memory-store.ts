import { createHash } from 'node:crypto';
import { DeniedError, MissingError } from '../../src/failure/failure.ts';
import type { PageSums } from '../../src/sources/s3/store/page-sums.ts';
import type {
  ETag,
  GetAnswer,
  GetRequest,
  ListedObject,
  ListedVersion,
  ObjectBody,
  ObjectHead,
  Store,
} from '../../src/sources/s3/store/store.ts';

interface Version extends ListedVersion {
  readonly content: Buffer;
}

export interface MemoryStoreOptions {
  readonly versioned?: boolean;
  /** Objects to a page. */
  readonly pageSize?: number;
  /** Milliseconds to which a listing's times are cut. Headers' are cut to the second, as HTTP has them. */
  readonly precision?: number;
}

/**
 * A bucket whose clock and content a test moves, between any two requests too: for what no real store does twice in
 * the same way.
 */
export class MemoryStore implements Store {
  readonly display = 's3://memory';
  /** Milliseconds since 1970. */
  now = Date.parse('2026-11-22T10:00:00Z');
  /** Every request, in order: `get key`, `list prefix`, `versions prefix`, each page one. */
  readonly requests: string[] = [];
  /** Runs before each request is answered. */
  before: (request: string) => void | Promise<void> = () => undefined;
  mayListVersions = true;
  mayList: (prefix: string) => boolean = () => true;
  /** Some stores take no notice of If-Match. */
  honoursIfMatch = true;
  /** Requests under way at the same time, at most. */
  busiest = 0;
  readonly #options: Required<MemoryStoreOptions>;
  /** Of each key the newest first. */
  readonly #versions = new Map<string, Version[]>();
  #count = 0;
  #busy = 0;

  constructor({ versioned = false, pageSize = 2, precision = 1000 }: MemoryStoreOptions = {}) {
    this.#options = { versioned, pageSize, precision };
  }

  put(key: string, content: string | Buffer, changes: Partial<ListedObject> = {}): void {
    const bytes = Buffer.from(content);
    this.#add(key, {
      ...this.#stamp(key),
      etag: createHash('md5').update(bytes).digest('hex') as ETag,
      size: bytes.byteLength,
      isDeleteMarker: false,
      content: bytes,
      ...changes,
    });
  }

  remove(key: string): void {
    if (!this.#options.versioned) this.#versions.delete(key);
    else {
      const empty = { etag: '' as ETag, size: 0, isDeleteMarker: true, content: Buffer.alloc(0) };
      this.#add(key, { ...this.#stamp(key), ...empty });
    }
  }

  /** The version of a key's newest state. */
  versionOf(key: string): string | undefined {
    return this.#versions.get(key)?.[0]?.versionId;
  }

  /** As a rule for expired versions does. */
  forget(key: string): void {
    this.#versions.delete(key);
  }

  async get(request: GetRequest, signal: AbortSignal): Promise<GetAnswer> {
    const { key, ifMatch, ifNoneMatch } = request;
    await this.#begin(`get ${key}`, signal);
    const found = this.#found(request);
    if (this.honoursIfMatch && ifMatch !== undefined && ifMatch !== found.etag) return { kind: 'replaced' };
    if (ifNoneMatch === found.etag) return { kind: 'unchanged' };
    return { kind: 'found', head: this.#headOf(found), body: bodyOf(found.content, signal) };
  }

  async head({ key, setting, versionId }: GetRequest, signal: AbortSignal): Promise<ObjectHead> {
    await this.#begin(`head ${key}`, signal);
    return this.#headOf(this.#found({ key, setting, versionId }));
  }

  async *list(prefix: string, signal: AbortSignal): AsyncGenerator<readonly ListedObject[]> {
    if (!this.mayList(prefix)) throw new DeniedError({ problem: `no listing of "${prefix}"` });
    const newest = (key: string) => this.#versions.get(key)?.slice(0, 1) ?? [];
    for await (const page of this.#pages('list', prefix, newest, signal)) {
      yield page
        .filter(({ isDeleteMarker }) => !isDeleteMarker)
        .map(({ content: _, versionId: _id, isDeleteMarker: _mark, ...object }) => object);
    }
  }

  async *survey<T>(prefix: string, sums: PageSums<ListedObject, T>, signal: AbortSignal): AsyncGenerator<T> {
    for await (const page of this.list(prefix, signal)) yield sums.sumOf(page);
  }

  async *listVersions(prefix: string, signal: AbortSignal): AsyncGenerator<readonly ListedVersion[]> {
    if (!this.mayListVersions) throw new DeniedError({ problem: 'no listing of versions' });
    const all = (key: string) => this.#versions.get(key) ?? [];
    for await (const page of this.#pages('versions', prefix, all, signal)) {
      yield page.map(({ content: _, ...version }) => version);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  /** Each page as the bucket is when it is asked for: a listing of several is of no one time. */
  async *#pages(
    name: string,
    prefix: string,
    versionsOf: (key: string) => readonly Version[],
    signal: AbortSignal,
  ): AsyncGenerator<readonly Version[]> {
    for (let after = '', more = true; more; ) {
      await this.#begin(`${name} ${prefix}`, signal);
      const keys = [...this.#versions.keys()].filter((key) => key.startsWith(prefix) && key > after).sort();
      const taken = keys.slice(0, this.#options.pageSize);
      after = taken.at(-1) ?? after;
      more = keys.length > taken.length;
      yield taken.flatMap(versionsOf);
    }
  }

  #found({ key, setting, versionId }: GetRequest): Version {
    const versions = this.#versions.get(key) ?? [];
    const found =
      versionId === undefined ? versions[0] : versions.find((item) => item.versionId === versionId);
    if (found !== undefined && !found.isDeleteMarker) return found;
    throw new MissingError({ setting, problem: `"${key}" is not there` });
  }

  async #begin(request: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.requests.push(request);
    this.#busy += 1;
    this.busiest = Math.max(this.busiest, this.#busy);
    try {
      await this.before(request);
    } finally {
      this.#busy -= 1;
    }
    signal.throwIfAborted();
  }

  #add(key: string, version: Version): void {
    const before = this.#options.versioned ? (this.#versions.get(key) ?? []) : [];
    this.#versions.set(key, [version, ...before]);
  }

  #stamp(key: string): Pick<Version, 'key' | 'lastModified' | 'storageClass' | 'versionId'> {
    const { precision, versioned } = this.#options;
    this.#count += 1;
    const time = Math.floor(this.now / precision) * precision;
    const versionId = versioned ? `v${this.#count}` : 'null';
    return { key, lastModified: new Date(time), storageClass: undefined, versionId };
  }

  #headOf({ key, etag, size, lastModified, versionId }: Version): ObjectHead {
    const time = new Date(Math.floor(lastModified.getTime() / 1000) * 1000);
    const version = this.#options.versioned ? versionId : undefined;
    return { key, etag, size, lastModified: time, versionId: version };
  }
}

function bodyOf(content: Buffer, signal: AbortSignal): ObjectBody {
  return {
    async *[Symbol.asyncIterator]() {
      for (let at = 0; at < content.byteLength; at += 64 * 1024) {
        signal.throwIfAborted();
        yield content.subarray(at, at + 64 * 1024);
      }
    },
    [Symbol.dispose]() {},
  };
}
