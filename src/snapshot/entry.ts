declare const brand: unique symbol;

/** A path that passed the path rules: relative, UTF-8, `/` between its elements, none of them `..`. */
export type RelativePath = string & { readonly [brand]: 'RelativePath' };
/** The source's own name for a state: a commit hash, `version:<id>` of an object, `release:<name>`. */
export type Revision = string & { readonly [brand]: 'Revision' };
/** `sha256:` and 64 hexadecimal digits. */
export type Digest = string & { readonly [brand]: 'Digest' };
/**
 * Names one file's content in its source's own terms, e.g. `git:<blob id>`: equal fingerprints, equal bytes.
 * `sha256:<hex>` means the same in every source.
 */
export type Fingerprint = string & { readonly [brand]: 'Fingerprint' };

export interface FileEntry {
  readonly kind: 'file';
  readonly path: RelativePath;
  readonly executable: boolean;
  readonly fingerprint: Fingerprint;
  /** Bytes of its content, where the source tells before it is asked for it. */
  readonly size?: number;
  /** Which of several sources it came from. */
  readonly layer?: string;
}

export interface LinkEntry {
  readonly kind: 'link';
  readonly path: RelativePath;
  /** The link's text, as the source has it. */
  readonly target: string;
  readonly layer?: string;
}

export type Entry = FileEntry | LinkEntry;

/** The entries of one revision. Immutable; no two entries share a path. */
export interface Snapshot {
  readonly revision: Revision;
  readonly entries: readonly Entry[];
  /** Where it was, in the source's own terms (key, ETag, version id), for people. */
  readonly provenance?: Provenance;
  /** What each of several sources gave, in order of precedence. */
  readonly layers?: readonly LayerPart[];
}

/** What one of several sources gave for a set. */
export interface LayerPart {
  readonly name: string;
  /** Without credentials. */
  readonly source: string;
  /** Empty = the root of the set. */
  readonly mount: string;
  readonly revision: Revision;
  readonly provenance?: Provenance;
  /** Paths that it has too, and that a later layer has in its place. */
  readonly shadowed?: readonly RelativePath[];
}

export type Provenance = Readonly<Record<string, string>>;
