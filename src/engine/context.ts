import type { Source } from '../sources/source.ts';
import type { Courier } from './courier.ts';
import type { Keeper } from './keeper.ts';
import type { Action, Event } from './machine/events.ts';
import type { Memory } from './memory.ts';
import type { EngineOptions } from './options.ts';
import { type Parts, rulesOf } from './parts.ts';
import type { Supply } from './supply.ts';

/** What the steps of a change share, once the target is open. */
export interface Context {
  readonly options: EngineOptions;
  readonly parts: Parts;
  readonly memory: Memory;
  readonly keeper: Keeper;
  readonly courier: Courier;
  readonly supply: Supply;
}

/** Takes an event in; what it means is on disk when this resolves with what to do next. */
export function tell({ memory, parts }: Context, event: Event): Promise<Action | undefined> {
  return memory.tell(event, rulesOf(parts));
}

/** Tells every target what is owed to it and verifies, in the background. False when there is nothing to tell. */
export function deliver({ courier, memory, parts, options }: Context): boolean {
  return courier.start(memory, parts, options.ending);
}

/** The source that is followed now. */
export function sourceOf({ supply, parts, memory }: Context): Promise<Source> {
  return supply.source(parts, memory.state.pin?.revision);
}
