/** One entry of an archive, as the archive has it: nothing of it was judged. */
export type ArchiveItem = { readonly name: Buffer } & ItemKind;

export type ItemKind =
  | { readonly kind: 'directory' }
  | FileItem
  /** The text is read when it is asked for. */
  | { readonly kind: 'link'; readonly target: () => Promise<Buffer> }
  /** Another name of an entry that came before. */
  | { readonly kind: 'hard-link'; readonly of: Buffer }
  /** What cannot be part of a set: `a character device`. */
  | { readonly kind: 'special'; readonly what: string };

export interface FileItem {
  readonly kind: 'file';
  readonly executable: boolean;
  readonly size: number;
  /** To be read at most once, and before the next item is asked for. */
  readonly content: AsyncIterable<Buffer>;
  /** Whether another entry may have this one's content. */
  readonly canBeLinked: boolean;
}

export function isExecutable(mode: number): boolean {
  return (mode & 0o100) !== 0;
}
