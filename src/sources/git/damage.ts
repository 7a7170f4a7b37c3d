/**
 * The local clone is not what it should be, or may not be: the remote is not to blame. It never leaves the source:
 * a new clone is the answer.
 */
export class DamageError extends Error {
  constructor(problem: string, cause?: unknown) {
    super(problem, cause === undefined ? {} : { cause });
    this.name = 'DamageError';
  }
}

/** The clone cannot serve as it was begun, and a new one would be made in another way. */
export class StartOver extends DamageError {
  /** The repository uses the other hash function. */
  readonly otherFormat: boolean;

  constructor(problem: string, { otherFormat }: { readonly otherFormat: boolean }) {
    super(problem);
    this.otherFormat = otherFormat;
  }
}
