/** How long a set that is being written is waited for. Milliseconds. */
export interface Patience {
  /** Between two looks. */
  readonly pause: number;
  /** In all; less than an attempt may last by default, so that this is what ends it, and says why. */
  readonly longest: number;
}

export const usualPatience: Patience = { pause: 1000, longest: 100_000 };
