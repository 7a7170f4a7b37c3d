import type { Entry, FileEntry } from '../snapshot/entry.ts';
import type { Generation } from './generation.ts';
import type { PuttingRight } from './links.ts';
import type { Manifest } from './manifest.ts';
import type { StageOptions } from './same-set.ts';
import type { Stage } from './stage.ts';

export interface PublisherOptions extends StageOptions {
  /** Absolute. */
  readonly target: string;
  /** Absolute; private to Wherry. */
  readonly stateDir: string;
  /** Milliseconds for which a replaced generation stays. */
  readonly retain: number;
}

/** Whether a generation without a manifest was published by Wherry, and lost it. */
export type IsOurs = (generation: string) => boolean;

/**
 * What `repair` found: all well; something put right; something else had made another generation the current one; or the
 * published generation is gone, and must be published anew.
 */
export type Repair = 'intact' | 'repaired' | 'contested' | 'lost';

export interface Collected {
  /** Milliseconds until the next replaced generation may go. */
  readonly due: number | undefined;
  /** What could not be removed, and is tried again. */
  readonly failure: unknown;
}

/**
 * How sets appear in the target. Every method throws `TargetError` for what the volume refuses. A kill at any instant
 * leaves what the next `open`, `current` and `finish` put right.
 */
export interface Publisher {
  /** The name in the target of the link that readers follow to the current generation, where there is one. */
  readonly pointer?: string;
  /** Makes what is missing of the target; puts right what a killed run left. */
  open(): Promise<void>;
  /** Another process has the target now, perhaps in another mode: the next `open` finds everything out as the first did. */
  forget(): void;
  /** What readers see; undefined when that is nothing whole. */
  current(isOurs: IsOurs): Promise<Generation | undefined>;
  /** A generation by its name; undefined when it is gone. */
  generation(name: string): Promise<Generation | undefined>;
  /** Throws when something that Wherry did not write holds a name of the set. */
  refuseForeign(entries: readonly Entry[]): Promise<void>;
  newStage(): Promise<Stage>;
  /** Puts into the stage what is already in the target, and gives back the files that the source must write. */
  fill(stage: Stage, filling: Filling): Promise<readonly FileEntry[]>;
  /** Fills the stage with the files of a generation, each checked against its digest. */
  copy(stage: Stage, generation: Generation, signal: AbortSignal): Promise<void>;
  /** Makes a sealed stage what readers see. The rest of a publish is `finish`'s, and can be repeated. */
  swap(stage: Stage, manifest: Manifest, signal: AbortSignal): Promise<Generation>;
  /**
   * Does what a publish still needs before anybody is told of it, and wakes those who watch what was replaced.
   * `replaced` is undefined after a restart, when nobody knows.
   */
  finish(current: Generation, replaced: Generation | undefined): Promise<void>;
  /** Puts the names of the published generation right; `names` are the first elements of its paths. */
  repair(name: string, names: ReadonlySet<string>, putting?: PuttingRight): Promise<Repair>;
  /** Removes what no reader has a name for: stages of killed runs at once, replaced generations after `retain`. */
  collect(sequence: number, keep: ReadonlySet<string>): Promise<Collected>;
}

export interface Filling {
  readonly entries: readonly Entry[];
  readonly current: Generation | undefined;
  /** Somebody looks into the stage before it is published: every file of the set must be in it. */
  readonly isWhole: boolean;
}
