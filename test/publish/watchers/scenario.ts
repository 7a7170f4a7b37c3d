/** What can happen to a target, in the order in which it is measured. */
export const happenings = [
  'first publish',
  'its file changes',
  'changes again',
  'clean-up',
  'another file changes',
  'directory added',
  'rolled back',
  'restart',
  'put back',
  'its file deleted',
] as const;

export type Happening = (typeof happenings)[number];

/** The watchers that saw the one before see these too; all others are seen by new ones. */
export const continued: readonly Happening[] = ['changes again', 'clean-up'];
