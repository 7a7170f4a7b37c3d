import type { SchemaRule } from '../settings/gate-kinds.ts';

/** What a set must pass before readers see it. */
export interface ValidationRules {
  /** Every JSON, YAML and TOML file must parse. */
  readonly syntax: boolean;
  readonly schemas: readonly SchemaRule[];
  /** A shell command; undefined = none. */
  readonly exec: string | undefined;
  /** Milliseconds for one run of it. */
  readonly execTimeout: number;
}

/** A staged set, complete and not visible yet. */
export interface Candidate {
  /** Absolute. */
  readonly directory: string;
  /** Its regular files, relative to the directory, in order. */
  readonly files: readonly string[];
  readonly revision: string;
  /** Absolute: where it would be published. */
  readonly target: string;
}

/** Throws `RefusedError` for a set that must not be published; another `Failure` when that could not be found out. */
export type Validate = (candidate: Candidate, signal: AbortSignal) => Promise<void>;
