import { createHash } from 'node:crypto';
import { createReadStream, readFileSync, statSync } from 'node:fs';
import { Content, keyOf, type ObjectSet } from './objects.ts';

/** What the server tells of an object, and where its bytes come from. */
export interface Stored {
  readonly etag: string;
  readonly size: number;
  readonly lastModified: Date;
  read(start: number, end: number): Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

const pageSize = 1000;
/** All were written at once, before the bench, and each change comes a minute later. */
const written = Date.parse('2026-01-01T00:00:00.000Z');
const minute = 60_000;

/** A bucket that holds nothing in memory but the pages of its listings. */
export class Bucket {
  readonly name: string;
  readonly #sets: readonly ObjectSet[];
  readonly #pages = new Map<string, Buffer>();
  readonly #keys = new Map<string, readonly string[]>();
  readonly #files = new Map<string, Stored>();
  /** The last change of each key that has had one. */
  readonly #versions = new Map<string, number>();

  constructor(name: string, sets: readonly ObjectSet[]) {
    this.name = name;
    this.#sets = sets;
  }

  /** Makes the n-th change, from 1 on: one object of each set becomes another. */
  change(version: number): void {
    for (const set of this.#sets) {
      this.#versions.set(set.kind === 'many' ? keyOf(set.prefix, version % set.count) : set.key, version);
    }
    this.#pages.clear();
  }

  find(key: string): Stored | undefined {
    const version = this.#versions.get(key) ?? 0;
    const lastModified = new Date(written + version * minute);
    const made = (size: number) => storedContent(new Content(key, size, version), lastModified);
    for (const set of this.#sets) {
      switch (set.kind) {
        case 'many': {
          const index = Number(/-(\d{6})\.yaml$/.exec(key)?.[1] ?? Number.NaN);
          if (index < set.count && keyOf(set.prefix, index) === key) return made(set.size);
          break;
        }
        case 'one':
          if (set.key === key) return made(set.size);
          break;
        case 'file':
          if (set.key === key)
            return this.#file(key, set.paths[version % set.paths.length] ?? '', lastModified);
      }
    }
    return undefined;
  }

  /** A page of the keys below a prefix, which must be that of one set. The token is the number of the page. */
  page(prefix: string, token: string | undefined): Buffer {
    const name = `${prefix} ${token ?? '0'}`;
    const kept = this.#pages.get(name);
    if (kept !== undefined) return kept;
    const page = Buffer.from(this.#renderPage(prefix, Number(token ?? 0)));
    this.#pages.set(name, page);
    return page;
  }

  #renderPage(prefix: string, page: number): string {
    const keys = this.#keys.get(prefix) ?? this.#sets.flatMap((set) => keysOf(set, prefix));
    this.#keys.set(prefix, keys);
    const shown = keys.slice(page * pageSize, (page + 1) * pageSize);
    const isTruncated = (page + 1) * pageSize < keys.length;
    const next = isTruncated ? `<NextContinuationToken>${page + 1}</NextContinuationToken>` : '';
    const items = shown.map((key) => {
      const found = this.find(key);
      if (found === undefined) return '';
      const { etag, size, lastModified } = found;
      return `<Contents><Key>${key}</Key><LastModified>${lastModified.toISOString()}</LastModified><ETag>&quot;${etag}&quot;</ETag><Size>${size}</Size><StorageClass>STANDARD</StorageClass></Contents>`;
    });
    return `<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>${this.name}</Name><Prefix>${prefix}</Prefix><KeyCount>${shown.length}</KeyCount><MaxKeys>${pageSize}</MaxKeys><EncodingType>url</EncodingType><IsTruncated>${isTruncated}</IsTruncated>${next}${items.join('')}</ListBucketResult>`;
  }

  #file(key: string, path: string, lastModified: Date): Stored {
    const known = this.#files.get(path);
    if (known !== undefined) return known;
    const { size } = statSync(path);
    const stored: Stored = {
      size,
      lastModified,
      // A file of megabytes has been uploaded in parts.
      etag: size < 8 * 1024 * 1024 ? md5(readFileSync(path)) : `${md5(key)}-${size}`,
      read: (start, end) => (end > start ? createReadStream(path, { start, end: end - 1 }) : []),
    };
    this.#files.set(path, stored);
    return stored;
  }
}

function storedContent(content: Content, lastModified: Date): Stored {
  const { etag, size } = content;
  return { etag, size, lastModified, read: (start, end) => content.read(start, end) };
}

function keysOf(set: ObjectSet, prefix: string): readonly string[] {
  if (set.kind !== 'many') return set.key.startsWith(prefix) ? [set.key] : [];
  if (!set.prefix.startsWith(prefix)) return [];
  return Array.from({ length: set.count }, (_, index) => keyOf(set.prefix, index));
}

function md5(content: string | Uint8Array): string {
  return createHash('md5').update(content).digest('hex');
}
