import { join } from 'node:path';
import { Content } from './s3/objects.ts';

/** The files of a tree; the same ones for the same numbers. */
export interface Tree {
  readonly files: number;
  /** Bytes of each file; undefined = about 1 KiB. */
  readonly size?: number;
}

/** Fifty files a directory, and ten directories in each above, as large configuration trees have. */
export function pathOf(index: number): string {
  const directory = Math.floor(index / 50);
  return join(`team-${Math.floor(directory / 10)}`, `part-${directory}`, `file-${index}.yaml`);
}

/** A file's bytes in one version, different for each. */
export function bytesOf({ size }: Tree, index: number, version: number): Iterable<Uint8Array> {
  if (size !== undefined) return new Content(pathOf(index), size, version).read();
  const lines = Array.from(
    { length: 24 },
    (_, line) => `key-${line}: value of file ${index} in version ${version}\n`,
  );
  return [Buffer.from(lines.join(''))];
}
