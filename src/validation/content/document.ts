import type { Position } from './position.ts';

/** Something wrong with a file. */
export interface Fault {
  readonly position?: Position | undefined;
  readonly message: string;
}

/** One document of a file that parsed. */
export interface ParsedDocument {
  /** As JSON knows values. Throws when they cannot be made, as of a merge key with no mapping. */
  value(): unknown;
  /** Where the value with this path, as of a JSON pointer, or the nearest one around it stands. */
  locate(path: readonly string[]): Position | undefined;
}

export type Parsed =
  | { readonly kind: 'documents'; readonly documents: readonly ParsedDocument[] }
  | { readonly kind: 'faulty'; readonly faults: readonly Fault[] };
