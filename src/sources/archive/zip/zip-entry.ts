/** An entry of the central directory. */
export interface ListedEntry {
  readonly name: Buffer;
  /** Undefined when the program that made it knew no modes. */
  readonly mode: number | undefined;
  readonly isDirectory: boolean;
  readonly method: 'stored' | 'deflated';
  readonly crc32: number;
  readonly size: number;
  readonly packedSize: number;
}

/** An entry whose content was found. */
export interface ZipEntry extends ListedEntry {
  readonly dataStart: number;
}
