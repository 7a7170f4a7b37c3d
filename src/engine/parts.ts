import type { Routing } from '../reload/routing.ts';
import type { Target } from '../reload/target.ts';
import type { Revision } from '../snapshot/entry.ts';
import type { GuardRails } from '../snapshot/guard-rails.ts';
import type { LinkRule } from '../snapshot/links.ts';
import type { Source } from '../sources/source.ts';
import type { Validate } from '../validation/gate.ts';
import type { Verification } from '../verification/verification.ts';
import type { Rules } from './machine/events.ts';
import type { Keys } from './machine/state.ts';

/** What the settings make of the world: replaced as a whole when a setting changes while running. */
export interface Parts {
  readonly keys: Keys;
  /** What the source shows, or what it had at a revision. Only one of them is in use at a time. */
  createSource(revision?: Revision): Source;
  /** The source's, for logs and status. */
  readonly description: string;
  /** Why no state of the source can be called so, before it is asked. */
  readonly pinFault: (revision: Revision) => string | undefined;
  readonly targets: readonly Target[];
  readonly routing: Routing;
  /** Gates on the staged set, after the guard rails. */
  readonly validate: Validate | undefined;
  readonly verification: Verification | undefined;
  readonly linkRule: LinkRule;
  readonly guardRails: GuardRails;
  readonly rollback: boolean;
  readonly reloadOnStart: 'changed' | 'always' | 'never';
  /** Milliseconds, here and below. */
  readonly pollInterval: number;
  readonly pollJitter: number;
  /** Quiet time after a change before it is followed, and the longest wait for it. */
  readonly debounce: number;
  readonly debounceMax: number;
  readonly syncTimeout: number;
  readonly reloadTimeout: number;
  /** 0 = never give up. */
  readonly maxFailures: number;
}

/** What of them the state machine needs to know. */
export function rulesOf({ keys, targets, verification, rollback, pinFault }: Parts): Rules {
  return { keys, targets, verifies: verification !== undefined, rollsBack: rollback, pinFault };
}
