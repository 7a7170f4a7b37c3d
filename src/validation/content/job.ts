import type { SchemaRule } from '../../settings/gate-kinds.ts';

/** What the worker is asked. It reads the files itself. */
export interface ContentJob {
  readonly directory: string;
  readonly files: readonly string[];
  readonly syntax: boolean;
  readonly schemas: readonly SchemaRule[];
  /** Shared with the asker, who reads it when the worker has died: 1 + the index of the file at hand. */
  readonly progress: Int32Array;
}

/** What the worker answers. */
export type ContentReport =
  | { readonly kind: 'passed' }
  /** Each problem is one line that starts with the file; `more` were not told. */
  | {
      readonly kind: 'refused';
      readonly gate: 'syntax' | 'schema';
      readonly problems: readonly string[];
      readonly more: number;
    }
  /** A schema outside the set cannot be used. */
  | { readonly kind: 'unusable-schema'; readonly problem: string }
  /** The file at hand would need so many MiB. */
  | { readonly kind: 'too-large'; readonly needed: number }
  | { readonly kind: 'failed'; readonly problem: string };
