import type { AnswerClass } from '../reload/target.ts';

/** The name in metrics of a source that is the only one. */
export const mainLayer = 'main';

export type PollResult = 'unchanged' | 'changed' | 'quarantined' | 'held' | 'failed';
export type SyncResult = 'published' | 'equal' | 'refused' | 'failed';
export type Phase = 'probe' | 'fetch' | 'stage' | 'validate' | 'publish' | 'reload' | 'verify';

/** What the engine tells of its work; metrics listen. Times are seconds. */
export interface Observer {
  polled(layer: string, result: PollResult): void;
  /** What is published is what the source says. */
  inStep(): void;
  synced(result: SyncResult): void;
  phase(phase: Phase, seconds: number): void;
  reloaded(target: string, answer: AnswerClass): void;
  rolledBack(): void;
  /** So many things in the target that something else changed were put back. */
  driftRepaired(count: number): void;
  /** A request to a store that bills by the request: its class, and what came of it (a status, or `error`). */
  requested(layer: string, operation: string, result: string): void;
  /** From the moment the change was seen to the acknowledgement by every target. */
  delivered(seconds: number): void;
}

/** For commands that nobody scrapes. */
export const silentObserver: Observer = {
  polled: () => undefined,
  inStep: () => undefined,
  synced: () => undefined,
  phase: () => undefined,
  reloaded: () => undefined,
  rolledBack: () => undefined,
  driftRepaired: () => undefined,
  requested: () => undefined,
  delivered: () => undefined,
};
