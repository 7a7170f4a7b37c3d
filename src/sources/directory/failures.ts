import {
  DeniedError,
  type Failure,
  MissingError,
  RefusedError,
  systemCode,
  UnreachableError,
  UnsettledError,
} from '../../failure/failure.ts';

const setting = 'WHERRY_DIR_PATH';

/** Node gives this for each byte of a name that is none of UTF-8: no call finds such a name then. */
const replacement = '\ufffd';

/** What was there a moment ago is not: somebody writes, and another look may see all of it. */
export function gone(path: string): UnsettledError | RefusedError {
  if (path.includes(replacement)) {
    return new RefusedError({
      setting,
      problem: `the path ${JSON.stringify(path)} is not UTF-8`,
      cure: 'rename it in the source, or leave it out with WHERRY_EXCLUDE',
    });
  }
  return new UnsettledError({
    setting,
    problem: `${path} was removed or replaced while the directory was read`,
    cure: 'it is read again at the next try',
  });
}

export function changing(path: string): UnsettledError {
  return new UnsettledError({
    setting,
    problem: `${path} keeps changing, so that no state of it is known to be whole`,
    cure: 'write beside it and rename, or leave what changes all the time out with WHERRY_EXCLUDE',
  });
}

export function noDirectory(path: string, found: string): MissingError {
  return new MissingError({
    setting,
    problem: `"${path}" ${found}`,
    cure: 'mount the volume there, or name the directory that is mounted',
  });
}

/** Why something that is there could not be read. */
export function unreadable(path: string, cause: unknown): Failure {
  const code = systemCode(cause) ?? String(cause);
  if (code === 'EACCES' || code === 'EPERM') {
    return new DeniedError({
      setting,
      problem: `${path} may not be read by this user (${code})`,
      cure: 'make it readable (fsGroup, mode), or leave it out with WHERRY_EXCLUDE',
      cause,
    });
  }
  return new UnreachableError({
    setting,
    problem: `${path} could not be read (${code})`,
    cure: lostMount.has(code)
      ? 'the mount is stale or its server is gone: look at the server, and mount the volume anew (restart the pod) if it stays so'
      : 'look at the volume; it is read again at the next try',
    cause,
  });
}

/** What a file system answers that lost what lies behind it. */
const lostMount: ReadonlySet<string> = new Set([
  'ESTALE',
  'ENOTCONN',
  'EIO',
  'ESHUTDOWN',
  'EHOSTDOWN',
  'ETIMEDOUT',
]);

/** A look that was begun at an earlier try has still no answer. */
export function stalled(path: string): UnreachableError {
  return new UnreachableError({
    setting,
    problem: `${path} does not answer: the look at it that was begun before still waits`,
    cure: 'look at the volume and the server behind it; it is read again as soon as it answers',
  });
}
