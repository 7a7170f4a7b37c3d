import type { Memory } from './memory.ts';
import type { Parts } from './parts.ts';

/** What one round of telling works with. */
export interface Round {
  readonly memory: Memory;
  readonly parts: Parts;
  /** Ends the waiting; a call that is under way ends first. */
  readonly overtaken: AbortSignal;
  /** Ends a call that is under way too. */
  readonly ending: AbortSignal;
}
