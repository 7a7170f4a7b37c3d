import type { Courier } from './courier.ts';
import type { Keeper } from './keeper.ts';
import type { Memory } from './memory.ts';
import type { EngineOptions } from './options.ts';
import type { Parts } from './parts.ts';

/** What the steps of a change share, once the target is open. */
export interface Context {
  readonly options: EngineOptions;
  readonly parts: Parts;
  readonly memory: Memory;
  readonly keeper: Keeper;
  readonly courier: Courier;
}

/** Tells every target what is owed to it, in the background. */
export function deliver({ courier, memory, parts, options }: Context): void {
  courier.deliver(memory, parts, options.ending);
}
