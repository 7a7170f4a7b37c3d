import type { Target } from '../reload/target.ts';
import type { GuardRails } from '../snapshot/guard-rails.ts';
import type { LinkRule } from '../snapshot/links.ts';
import type { Source } from '../sources/source.ts';
import type { Keys } from './state.ts';

/** What the settings make of the world: replaced as a whole when a setting changes while running. */
export interface Parts {
  readonly keys: Keys;
  readonly source: Source;
  readonly targets: readonly Target[];
  readonly linkRule: LinkRule;
  readonly guardRails: GuardRails;
  readonly rollback: boolean;
  readonly reloadOnStart: 'changed' | 'always' | 'never';
  /** Milliseconds, here and below. */
  readonly pollInterval: number;
  readonly pollJitter: number;
  readonly syncTimeout: number;
  readonly reloadTimeout: number;
  /** 0 = never give up. */
  readonly maxFailures: number;
}
