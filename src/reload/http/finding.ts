/**
 * What one look says of a set. `stays`: milliseconds that it must go on saying so before it counts, because the
 * application may be in the middle of something.
 */
export type Finding =
  | { readonly kind: 'taken'; readonly stays: number }
  | { readonly kind: 'refused' | 'unreadable'; readonly stays: number; readonly said: string }
  /** Nothing moved yet. `overdue`: what that means at the end of the wait. */
  | {
      readonly kind: 'open';
      readonly said: string;
      readonly overdue: 'rejected' | 'misconfigured' | 'not-up';
    };

export interface Before {
  /** The number, or the counters, before the set was told; undefined = nobody looked. */
  readonly baseline: string | undefined;
  /** Unix milliseconds at which the set was published. */
  readonly publishedAt: number;
}
