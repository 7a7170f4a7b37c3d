export const apiVersion = 'wherry/v1';
export const releaseKind = 'Release';

/** One file of a release, and the object that holds its content. */
export interface NamedFile {
  readonly kind: 'file';
  /** As the document has it: data, that no path rule has seen. */
  readonly path: string;
  /** Relative to the root of the bucket; what lies there never changes. */
  readonly key: string;
  /** 64 hexadecimal digits. */
  readonly sha256: string;
  readonly size: number;
  readonly executable: boolean;
}

export interface NamedLink {
  readonly kind: 'link';
  readonly path: string;
  readonly target: string;
}

export type Named = NamedFile | NamedLink;

export interface NamedArchive {
  readonly kind: 'archive';
  readonly key: string;
  readonly sha256: string;
  readonly size: number;
  readonly versionId: string | undefined;
}

/** The files stand in an object of their own, which has the form of a release with files. */
export interface NamedManifest {
  readonly kind: 'manifest';
  readonly key: string;
  readonly sha256: string;
}

export interface NamedFiles {
  readonly kind: 'files';
  readonly files: readonly Named[];
}

/** What a pointer says in JSON, and what lies unchanged below `releases`. */
export interface Release {
  readonly rev: string;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly message: string | undefined;
  /** The release that the pointer named before this one was made. */
  readonly previous: string | undefined;
  /** The prefix below which each release's document stays, as `<rev>.json`. */
  readonly releases: string | undefined;
  readonly content: NamedFiles | NamedArchive | NamedManifest;
}

/** The document of a release, a file a line, so that two of them can be compared by eye. */
export function formatRelease({ content, ...head }: Release): string {
  const { rev, createdAt, message, previous, releases } = head;
  const fields = Object.entries({
    apiVersion,
    kind: releaseKind,
    rev,
    createdAt,
    message,
    previous,
    releases,
  }).flatMap(([name, value]) => (value === undefined ? [] : [`${quoted(name)}:${quoted(value)}`]));
  return `{${[...fields, formatContent(content)].join(',\n')}}\n`;
}

function formatContent(content: Release['content']): string {
  switch (content.kind) {
    case 'files': {
      const lines = content.files.map((named) => JSON.stringify(formOf(named)));
      return `"files":[${lines.length === 0 ? '' : `\n${lines.join(',\n')}\n`}]`;
    }
    case 'archive':
    case 'manifest': {
      const { kind, ...rest } = content;
      return `${quoted(kind)}:${JSON.stringify(rest)}`;
    }
  }
}

function formOf(named: Named): object {
  if (named.kind === 'link') return { path: named.path, link: named.target };
  const { path, key, sha256, size, executable } = named;
  return { path, key, sha256, size, mode: executable ? '0755' : '0644' };
}

function quoted(text: string): string {
  return JSON.stringify(text);
}

/** The key of a release's own document. */
export function documentKey(releases: string, rev: string): string {
  return `${releases}${rev}.json`;
}

/** Every object that a release is made of. */
export function objectsOf(
  content: Release['content'],
): readonly { readonly key: string; readonly size?: number }[] {
  if (content.kind !== 'files') return [content];
  return content.files.flatMap((named) => (named.kind === 'file' ? [named] : []));
}
