import type { Revision } from '../snapshot/entry.ts';

/** What a target made of the signal; decides about retry and rollback. */
export type Answer =
  | { readonly class: 'accepted' }
  | {
      /**
       * `not-up`: refused, reset, timed out. `busy`: try again soon. `misconfigured`: the call itself is wrong.
       * `rejected`: the application refused the set; the only one that rolls back.
       */
      readonly class: 'not-up' | 'busy' | 'misconfigured' | 'rejected';
      /** One line for people: what was asked, what came back, what to do. Never holds a secret. */
      readonly detail: string;
    };

export type AnswerClass = Answer['class'];

/** The published set that a target is told about. */
export interface ReloadContext {
  readonly revision: Revision;
  /** Grows by one with every publish, rollbacks included. */
  readonly sequence: number;
  /** ISO 8601. */
  readonly publishedAt: string;
  readonly previous: Revision | undefined;
  /** Paths that changed since the target was last told, the removed ones too; undefined = nobody knows any more. */
  readonly changed?: readonly string[] | undefined;
  /** What `prepare` found before the set was published; undefined after a restart. */
  readonly before?: string | undefined;
}

/** Something that is told after a publish. Retrying is the engine's business. */
export interface Target {
  /** `url1`, `url2`, `signal`, `exec`, `sentinel`, `ack`: stable, for status and metrics. */
  readonly name: string;
  /** Changes when the target is another one, so that what the old one acknowledged does not count: no secret in it. */
  readonly identity: string;
  /**
   * Looks, before a set is published, at what will tell whether the application took it. Resolves with undefined when
   * that cannot be known; rejects only when `signal` is aborted.
   */
  prepare?(signal: AbortSignal): Promise<string | undefined>;
  /**
   * Tells it once. Resolves with the answer whatever happens; rejects only when `signal` is aborted. `overtaken` is
   * aborted when a newer set waits: what was sent is answered, but nothing is waited for beyond that.
   */
  reload(context: ReloadContext, signal: AbortSignal, overtaken?: AbortSignal): Promise<Answer>;
}
