import { createHash, randomBytes } from 'node:crypto';
import { type Checksum, type ChecksumAlgorithm, compositeChecksum, fullChecksum } from './checksums.ts';
import { type Content, contentOf, digest } from './content.ts';

/** One version of an object, or the mark that it was deleted. */
export interface StoredVersion {
  readonly key: string;
  /** `null` where the bucket kept no versions. */
  readonly versionId: string;
  readonly isDeleteMarker: boolean;
  readonly content: Content;
  /** Without quotes. */
  readonly etag: string;
  readonly lastModified: Date;
  readonly storageClass: string | undefined;
  readonly checksum: Checksum | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

export interface ObjectOptions {
  readonly etag?: string;
  readonly lastModified?: Date;
  /** `GLACIER` and `DEEP_ARCHIVE` cannot be read. */
  readonly storageClass?: string;
  /** Sent to who asks for it; given as it stands, a wrong one too. */
  readonly checksum?: ChecksumAlgorithm | Checksum;
  /** Of every answer: `Content-Encoding`. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface BucketOptions {
  readonly region?: string;
  readonly versioning?: boolean;
  /** Requests need no signature to read it. */
  readonly isPublic?: boolean;
  /** Readers may not list: 403 for a key that is not there. */
  readonly hidesMissing?: boolean;
}

/** One bucket in memory. Each write takes the time of `now`, whole seconds as S3 has them. */
export class FakeBucket {
  readonly name: string;
  readonly region: string;
  versioning: boolean;
  isPublic: boolean;
  hidesMissing: boolean;
  /** Of one key the newest first. */
  readonly #versions = new Map<string, StoredVersion[]>();
  readonly #now: () => number;

  constructor(name: string, region: string, now: () => number, options: BucketOptions) {
    this.name = name;
    this.region = region;
    this.versioning = options.versioning ?? false;
    this.isPublic = options.isPublic ?? false;
    this.hidesMissing = options.hidesMissing ?? false;
    this.#now = now;
  }

  put(key: string, body: string | Uint8Array | Content, options: ObjectOptions = {}): StoredVersion {
    const content = typeof body === 'string' || body instanceof Uint8Array ? contentOf(body) : body;
    const { checksum } = options;
    return this.#add(key, content, options, {
      etag: options.etag ?? digest(content, 'md5').toString('hex'),
      checksum: typeof checksum === 'string' ? fullChecksum(checksum, content) : checksum,
    });
  }

  /** As an upload in parts leaves it: its ETag is no MD5, its checksum one of checksums. */
  putParts(key: string, parts: readonly (string | Uint8Array)[], options: ObjectOptions = {}): StoredVersion {
    const contents = parts.map(contentOf);
    const whole = contentOf(Buffer.concat(parts.map((part) => Buffer.from(part))));
    const md5 = createHash('md5');
    for (const content of contents) md5.update(digest(content, 'md5'));
    const { checksum } = options;
    return this.#add(key, whole, options, {
      etag: options.etag ?? `${md5.digest('hex')}-${parts.length}`,
      checksum: typeof checksum === 'string' ? compositeChecksum(checksum, contents) : checksum,
    });
  }

  /** The marker that was put in its place, where versions are kept. */
  delete(key: string, versionId?: string, options: ObjectOptions = {}): StoredVersion | undefined {
    if (versionId !== undefined) {
      const rest = (this.#versions.get(key) ?? []).filter((version) => version.versionId !== versionId);
      this.#replace(key, rest);
      return undefined;
    }
    if (this.versioning) {
      return this.#add(key, contentOf(''), options, { etag: '', checksum: undefined, isDeleteMarker: true });
    }
    this.#replace(key, []);
    return undefined;
  }

  /** Delete markers too. */
  find(key: string, versionId?: string): StoredVersion | undefined {
    const versions = this.#versions.get(key) ?? [];
    return versionId === undefined
      ? versions[0]
      : versions.find((version) => version.versionId === versionId);
  }

  /** Every version of every key, in the order of S3: by the bytes of the key, the newest first. */
  versions(): readonly StoredVersion[] {
    return [...this.#versions]
      .sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
      .flatMap(([, versions]) => versions);
  }

  current(): readonly StoredVersion[] {
    return this.versions().filter((version) => !version.isDeleteMarker && this.find(version.key) === version);
  }

  #add(
    key: string,
    content: Content,
    options: ObjectOptions,
    rest: Pick<StoredVersion, 'etag' | 'checksum'> & { readonly isDeleteMarker?: boolean },
  ): StoredVersion {
    const version = {
      key,
      content,
      versionId: this.versioning ? randomBytes(16).toString('base64url') : 'null',
      lastModified: options.lastModified ?? new Date(Math.floor(this.#now() / 1000) * 1000),
      storageClass: options.storageClass,
      headers: options.headers ?? {},
      isDeleteMarker: false,
      ...rest,
    };
    const older = this.#versions.get(key) ?? [];
    const kept = this.versioning ? older : older.filter(({ versionId }) => versionId !== 'null');
    this.#versions.set(key, [version, ...kept]);
    return version;
  }

  #replace(key: string, versions: StoredVersion[]): void {
    if (versions.length === 0) this.#versions.delete(key);
    else this.#versions.set(key, versions);
  }
}
