import { RefusedError, systemCode, UnreachableError } from '../../failure/failure.ts';

/** Which archive it is, for errors. */
export interface ArchiveSubject {
  /** What named it: `WHERRY_S3_ARCHIVE`. */
  readonly setting: string;
  readonly key: string;
}

export interface FaultDetails {
  /** When it is a limit's; else the one that named the archive. */
  readonly setting?: string;
  readonly cure?: string;
  readonly cause?: unknown;
}

/** What is wrong with an archive. Its name is put in front by who knows it. */
export class ArchiveFault extends Error {
  readonly details: FaultDetails;

  constructor(problem: string, details: FaultDetails = {}) {
    super(problem, { cause: details.cause });
    this.name = 'ArchiveFault';
    this.details = details;
  }
}

/** The spooled copy cannot be read; it says nothing about the archive itself. */
export class SpoolError extends Error {
  constructor(cause: unknown) {
    super(systemCode(cause) ?? String(cause), { cause });
    this.name = 'SpoolError';
  }
}

/** While an archive is judged: its faults refuse it. */
export function refusing(thrown: unknown, subject: ArchiveSubject): unknown {
  if (thrown instanceof SpoolError) return lost(thrown, subject);
  if (thrown instanceof RefusedError) {
    // A path rule's, which knows nothing of archives.
    const { problem, ...rest } = thrown.details;
    return new RefusedError({ setting: subject.setting, ...rest, problem: `${named(subject)}: ${problem}` });
  }
  if (!(thrown instanceof ArchiveFault)) return thrown;
  const { setting = subject.setting, cure = 'make the archive again', cause } = thrown.details;
  return new RefusedError({ setting, problem: `${named(subject)} ${thrown.message}`, cure, cause });
}

/** After an archive was judged good: what is wrong now is the spooled copy's, and another download heals it. */
export function retrying(thrown: unknown, subject: ArchiveSubject): unknown {
  return thrown instanceof SpoolError || thrown instanceof ArchiveFault ? lost(thrown, subject) : thrown;
}

export function lost(cause: Error, subject: ArchiveSubject): UnreachableError {
  return new UnreachableError({
    setting: subject.setting,
    problem: `the local copy of ${named(subject)} was damaged or removed: ${cause.message}`,
    cure: 'it is downloaded again at the next try',
    cause,
  });
}

export function named({ key }: ArchiveSubject): string {
  return `the archive ${JSON.stringify(key)}`;
}

/** An entry's name as people may see it. */
export function shown(name: Uint8Array | string): string {
  const text = typeof name === 'string' ? name : Buffer.from(name).toString('utf8');
  return JSON.stringify(text.length > 300 ? `${text.slice(0, 300)}…` : text);
}
