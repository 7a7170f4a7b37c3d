/** What the loop does next; decided where a failure is thrown, acted on where the loop is. */
export type NextStep = 'stop' | 'retry' | 'quarantine';

/** The documented exit codes of the commands. */
export const exitCodes = {
  done: 0,
  unexpected: 1,
  settings: 2,
  denied: 3,
  missing: 4,
  unreachable: 5,
  refused: 6,
  target: 7,
} as const;

export type FailureKind = Exclude<keyof typeof exitCodes, 'done'>;

export interface FailureDetails {
  /** The setting to look at, as the user writes it: `WHERRY_GIT_REF`. */
  readonly setting?: string;
  /** What is wrong, with the value when it is no secret, and what was expected. */
  readonly problem: string;
  /** What the user can do about it. */
  readonly cure?: string;
  readonly cause?: unknown;
}

/** The one family of errors that users see. Its message is a single line: setting, problem, cure. */
export abstract class Failure extends Error {
  abstract readonly kind: FailureKind;
  abstract readonly next: NextStep;
  readonly details: FailureDetails;

  constructor(details: FailureDetails) {
    super(formatFailure(details), details.cause === undefined ? {} : { cause: details.cause });
    this.name = new.target.name;
    this.details = details;
  }

  get exitCode(): number {
    return exitCodes[this.kind];
  }
}

/** A setting is wrong, missing or unknown. */
export class SettingsError extends Failure {
  readonly kind = 'settings';
  readonly next = 'stop';
}

/** The source refused the credentials, or its host key or certificate is not trusted. */
export class DeniedError extends Failure {
  readonly kind = 'denied';
  readonly next = 'retry';
}

/** The repository, ref or path is not there. */
export class MissingError extends Failure {
  readonly kind = 'missing';
  readonly next = 'retry';
}

/** The source could not be reached, broke off, or did not answer in time. */
export class UnreachableError extends Failure {
  readonly kind = 'unreachable';
  readonly next = 'retry';
}

/** The source changed while it was read, or is being written: nothing is wrong, and another try may see it whole. */
export class UnsettledError extends Failure {
  readonly kind = 'unreachable';
  readonly next = 'retry';
}

/** The content was refused: path rules, guard rails. It is not tried again until the source moves. */
export class RefusedError extends Failure {
  readonly kind = 'refused';
  readonly next = 'quarantine';
}

/** The target could not be written. */
export class TargetError extends Failure {
  readonly kind = 'target';
  readonly next = 'retry';
}

/** Something that this program did not foresee. */
export class UnexpectedError extends Failure {
  readonly kind = 'unexpected';
  readonly next = 'retry';
}

/** Puts anything that was thrown into the family, keeping it as the cause. */
export function toFailure(thrown: unknown): Failure {
  if (thrown instanceof Failure) return thrown;
  const problem = thrown instanceof Error ? thrown.message : String(thrown);
  return new UnexpectedError({ problem: `unexpected: ${problem}`, cause: thrown });
}

/** True for the error of an aborted wait or call, which is no failure. */
export function isAbort(thrown: unknown, signal: AbortSignal): boolean {
  return (
    signal.aborted && (thrown === signal.reason || (thrown instanceof Error && thrown.name === 'AbortError'))
  );
}

function formatFailure({ setting, problem, cure }: FailureDetails): string {
  const text = `${setting === undefined ? '' : `${setting}: `}${problem}${cure === undefined ? '' : `; ${cure}`}`;
  return text.replace(/\s*[\r\n]+\s*/g, ' ');
}

/** The code of a system error (`ENOENT`), wherever in the chain of causes it stands. */
export function systemCode(thrown: unknown): string | undefined {
  for (let error = thrown; error instanceof Error; error = error.cause) {
    if ('code' in error && typeof error.code === 'string') return error.code;
  }
  return undefined;
}
