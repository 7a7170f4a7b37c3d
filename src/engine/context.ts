import type { Log } from '../platform/log.ts';
import type { StageOptions } from '../publish/stage.ts';
import type { SymlinkPublisher } from '../publish/symlink-publisher.ts';
import type { Courier } from './courier.ts';
import type { Keeper } from './keeper.ts';
import type { Memory } from './memory.ts';
import type { Observer } from './observer.ts';
import type { Parts } from './parts.ts';
import type { StateStore } from './state-store.ts';

export interface EngineOptions {
  readonly publisher: SymlinkPublisher;
  readonly stageOptions: StageOptions;
  readonly store: StateStore;
  readonly observer: Observer;
  readonly log: Log;
  /** The process is ending: a reload call that is under way is given up too. */
  readonly ending: AbortSignal;
}

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
