import type { FailureKind } from '../../failure/failure.ts';
import type { AnswerClass } from '../../reload/target.ts';
import type { Digest, Provenance, Revision } from '../../snapshot/entry.ts';
import type { RequestOutcome } from './request.ts';

/** A set that is or was in the target. */
export interface PublishedSet {
  readonly generation: string;
  readonly revision: Revision;
  /** Where the revision was, in the source's own terms. */
  readonly provenance?: Provenance;
  readonly digest: Digest;
  readonly sequence: number;
  /** ISO 8601. */
  readonly publishedAt: string;
  readonly files: number;
  readonly bytes: number;
}

export interface TargetState {
  /** Another identity under the same name is another target, which acknowledged nothing. */
  readonly identity: string;
  /** The sequence that it last accepted; 0 = none. */
  readonly acknowledged: number;
  readonly lastAnswer?: { readonly class: AnswerClass; readonly detail?: string; readonly at: string };
}

/** The settings under which something was judged: under others it may be tried again. */
export interface Keys {
  /** Of the settings that shape the set and guard it. */
  readonly setKey: string;
  /** Of the settings of the targets and of the verification; undefined where nobody is told, so that nobody judges. */
  readonly reloadKey: string | undefined;
}

/** Who refused a set: a gate before the publish, a target or the verification after it, or a person. */
export type Judge = 'gate' | 'target' | 'verification' | 'operator';

/** A set that was refused, and is not tried again until it is released. */
export interface Quarantine {
  readonly setKey: string;
  /** Present when it was refused after the publish. */
  readonly reloadKey?: string;
  readonly by: Judge;
  readonly revision: Revision;
  /** Absent when the set was refused before its content was known. */
  readonly digest?: Digest;
  readonly reason: string;
  readonly at: string;
}

/** What survives the process: what is published, who took it, what was refused, what people asked for. */
export interface State {
  readonly version: 1;
  /** The last sequence that was given out. */
  readonly sequence: number;
  /** The source's state that was last dealt with; `key` names the settings that shape the set. */
  readonly seen?: { readonly key: string; readonly revision: Revision; readonly digest?: Digest };
  readonly published?: PublishedSet;
  /** What was published where readers do not look any more: its copy is published anew. Never beside `published`. */
  readonly former?: PublishedSet;
  /** The revision that was published before it. */
  readonly previous?: Revision;
  /** The last set that every target took, and that verified: a rollback goes there. */
  readonly good?: PublishedSet;
  /** The good set before that one, with another content: where a person's rollback goes. */
  readonly previousGood?: PublishedSet;
  /** Everything up to this sequence counts as acknowledged: the main container started after it. */
  readonly baseline: number;
  readonly targets: Readonly<Record<string, TargetState>>;
  /** The last sequence that passed the verification. */
  readonly verified?: number;
  /** What the application said of itself before the published set was, by the name of who asks. */
  readonly before?: { readonly sequence: number; readonly values: Readonly<Record<string, string>> };
  /** Refused sets, the newest last; none of them is published again. */
  readonly quarantine?: readonly Quarantine[];
  /** The published sequence that was rejected and that stays, since there is nothing to go back to. */
  readonly rejected?: { readonly sequence: number; readonly detail: string; readonly reloadKey: string };
  /** The published sequence that does not verify, and what there is nothing better than. */
  readonly unverified?: { readonly sequence: number; readonly detail: string; readonly at: string };
  readonly rolledBack?: {
    readonly from: Revision;
    readonly by: Judge;
    readonly reason: string;
    readonly at: string;
  };
  /** Publishing is frozen. */
  readonly hold?: { readonly at: string };
  /** This revision is followed, in the place of what the source shows. */
  readonly pin?: { readonly revision: Revision; readonly at: string };
  /** What became of the last request of a person. */
  readonly lastRequest?: RequestOutcome;
  readonly lastSync?: { readonly at: string; readonly result: 'published' | 'equal' | 'refused' | 'failed' };
  readonly lastFailure?: { readonly kind: FailureKind; readonly message: string; readonly at: string };
  /** By layer: why its last good part stands in for what it has now. */
  readonly layerFailures?: Readonly<Record<string, NonNullable<State['lastFailure']>>>;
}

export const emptyState: State = { version: 1, sequence: 0, baseline: 0, targets: {} };

/** Names a target as the state knows it. */
export interface TargetId {
  readonly name: string;
  readonly identity: string;
}

/** The targets that have not taken the published set yet, in order. */
export function pendingTargets<T extends TargetId>(state: State, targets: readonly T[]): readonly T[] {
  const { published } = state;
  if (published === undefined) return [];
  return targets.filter((target) => acknowledgedBy(state, target) < published.sequence);
}

export function acknowledgedBy(state: State, { name, identity }: TargetId): number {
  const known = state.targets[name];
  return Math.max(state.baseline, known?.identity === identity ? known.acknowledged : 0);
}

/** What a target said last, unless that was about a set that is no longer published. */
export function currentAnswer(
  { targets, rejected, published }: State,
  name: string,
): TargetState['lastAnswer'] {
  const answer = targets[name]?.lastAnswer;
  const isOver = answer?.class === 'rejected' && rejected?.sequence !== published?.sequence;
  return isOver ? undefined : answer;
}

/** The published set passed its verification, or was handed over and needs none. */
export function isVerified({ published, verified = 0, baseline }: State): boolean {
  return published !== undefined && Math.max(verified, baseline) >= published.sequence;
}
