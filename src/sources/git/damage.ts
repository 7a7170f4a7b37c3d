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
