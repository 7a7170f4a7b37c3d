import type { Failure } from '../../failure/failure.ts';
import type { Answer } from '../../reload/target.ts';
import type { Digest, Revision } from '../../snapshot/entry.ts';
import type { Request } from './request.ts';
import type { Keys, PublishedSet, State, TargetId } from './state.ts';

/** What is fixed while a change is under way. */
export interface Rules {
  readonly keys: Keys;
  readonly targets: readonly TargetId[];
  /** A set counts as good only after its verification. */
  readonly verifies: boolean;
  /** A set that is rejected is replaced by the last good one. */
  readonly rollsBack: boolean;
  /** Why no state of the source can be called so. */
  pinFault(revision: Revision): string | undefined;
}

/** What happened. */
export type Event =
  /** The target was opened: this is what readers see. */
  | { readonly type: 'opened'; readonly current: PublishedSet | undefined }
  | { readonly type: 'started'; readonly policy: 'changed' | 'always' | 'never' }
  | { readonly type: 'settings-changed' }
  /** The published generation is gone. */
  | { readonly type: 'lost' }
  | { readonly type: 'probed'; readonly revision: Revision }
  /** A set is staged, or was found to be the published one. `pin` is what it was brought under. */
  | {
      readonly type: 'staged';
      readonly revision: Revision;
      readonly digest: Digest;
      readonly pin: Revision | undefined;
    }
  | {
      readonly type: 'refused';
      readonly revision: Revision;
      readonly digest: Digest | undefined;
      readonly failure: Failure;
    }
  | {
      readonly type: 'published';
      readonly set: PublishedSet;
      /** The source's name for it now. */
      readonly revision: Revision;
      /** Names of targets that none of the changed paths is for. */
      readonly unconcerned: readonly string[];
      readonly before: Readonly<Record<string, string>>;
      /** It counts as acknowledged by everybody. */
      readonly handsOver: boolean;
    }
  | { readonly type: 'handed-over' }
  | {
      readonly type: 'answered';
      readonly target: TargetId;
      readonly answer: Answer;
      readonly sequence: number;
    }
  | { readonly type: 'verified'; readonly sequence: number }
  | { readonly type: 'verification-failed'; readonly sequence: number; readonly detail: string }
  /** It does not verify, and there is nothing to go back to. */
  | { readonly type: 'unverified'; readonly sequence: number; readonly detail: string }
  | {
      readonly type: 'rolled-back';
      readonly set: PublishedSet;
      readonly unconcerned: readonly string[];
      readonly before: Readonly<Record<string, string>>;
    }
  /** What something else changed of the published set was put back: it has a new sequence, and is told. */
  | {
      readonly type: 'mended';
      readonly set: PublishedSet;
      readonly unconcerned: readonly string[];
      readonly before: Readonly<Record<string, string>>;
    }
  /** The copy of what was published elsewhere in the target is published where readers look now. */
  | {
      readonly type: 'moved';
      readonly set: PublishedSet;
      readonly unconcerned: readonly string[];
      readonly before: Readonly<Record<string, string>>;
      readonly handsOver: boolean;
    }
  /** There is no copy of it. */
  | { readonly type: 'move-lost' }
  /** The set to go back to cannot be had any more. */
  | { readonly type: 'rollback-lost'; readonly detail: string }
  | { readonly type: 'asked'; readonly request: Request }
  | { readonly type: 'failed'; readonly failure: Failure }
  | { readonly type: 'recovered' }
  /** Those that fail now, of several sources. */
  | { readonly type: 'layers-looked-at'; readonly failures: NonNullable<State['layerFailures']> };

/** What to do next. */
export type Action =
  /** Fetch and stage what the source shows. */
  | { readonly kind: 'follow' }
  /** Publish what is staged. */
  | { readonly kind: 'publish' }
  /** Publish the last good set again. */
  | { readonly kind: 'roll-back'; readonly to: PublishedSet }
  /** Publish the copy of what was published elsewhere in the target. */
  | { readonly kind: 'move'; readonly set: PublishedSet }
  /** Tell these targets, in order. */
  | { readonly kind: 'deliver'; readonly set: PublishedSet; readonly targets: readonly string[] }
  /** Ask whether the application is well. `endless`: there is nothing to go back to, so it is asked until it is. */
  | { readonly kind: 'verify'; readonly set: PublishedSet; readonly endless: boolean };

export interface Step {
  readonly state: State;
  /** Undefined: nothing until the next event. */
  readonly next: Action | undefined;
}
