import { lstat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Failure, systemCode, TargetError } from '../failure/failure.ts';

/** Which directory is worked in, by the setting that names it. */
type Where = 'WHERRY_TARGET' | 'WHERRY_STATE_DIR';

/** Awaits an operation on the target's volume. */
export async function onTarget<T>(operation: Promise<T>, where: Where = 'WHERRY_TARGET'): Promise<T> {
  try {
    return await operation;
  } catch (error) {
    throw await targetError(error, where);
  }
}

/** Turns an error of the target's volume into a failure that names the cure; failures, and the end, pass as they are. */
async function targetError(error: unknown, setting: Where): Promise<unknown> {
  if (error instanceof Failure || isAbort(error)) return error;
  const path = pathOf(error);
  const [problem, cure] = await explain(error, path, setting);
  const place = path === undefined ? '' : ` (${path})`;
  return new TargetError({ setting, problem: `${problem}${place}`, cure, cause: error });
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}

/** Of a link its own, not what it leads to; of a rename the new one. */
function pathOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if ('dest' in error) return String(error.dest);
  return 'path' in error ? String(error.path) : undefined;
}

async function explain(
  error: unknown,
  path: string | undefined,
  setting: Where,
): Promise<readonly [string, string]> {
  const code = systemCode(error);
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return [`no space is left on the volume: ${code}`, 'raise its sizeLimit or free space or inodes'];
    case 'EROFS':
      return [`the volume is read-only: ${code}`, "mount it without readOnly in Wherry's container"];
    case 'EACCES':
    case 'EPERM':
      return forbidden(code, path, setting);
    case 'ENOENT':
    case 'ENOTDIR':
      return [`the directory is not there: ${code}`, 'mount a volume at that path'];
    case 'EEXIST':
      return [`something else is there: ${code}`, 'remove it, or name another directory'];
    case 'EMFILE':
    case 'ENFILE':
      return [`too many files are open: ${code}`, 'raise the limit of open files'];
    default: {
      const text = error instanceof Error ? error.message : String(error);
      return [`it cannot be written: ${code ?? text}`, "look at the volume and the node's log"];
    }
  }
}

async function forbidden(code: string, path: string | undefined, setting: Where): Promise<[string, string]> {
  const self = `user ${process.getuid?.() ?? '?'}, group ${process.getgid?.() ?? '?'}`;
  const other = path === undefined ? undefined : await stranger(path);
  if (other === undefined) {
    return [
      `not permitted for ${self}: ${code}`,
      "give the pod's securityContext an fsGroup, or run as the volume's owner",
    ];
  }
  const mode = `0${(other.mode & 0o7777).toString(8)}`;
  const cure =
    setting === 'WHERRY_TARGET'
      ? `give the pod's securityContext an fsGroup, or run as user ${other.uid}`
      : `run as user ${other.uid}, remove it, or name another directory`;
  return [
    `not permitted for ${self}, because ${other.path} belongs to user ${other.uid}, group ${other.gid}, with mode ${mode}: ${code}`,
    cure,
  ];
}

/** What is there of a path, or of the way to it, or the directory that it is in, if that is another user's. */
async function stranger(
  path: string,
): Promise<{ path: string; uid: number; gid: number; mode: number } | undefined> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return path === dirname(path) ? undefined : stranger(dirname(path));
  const { uid, gid, mode } = found;
  if (uid !== process.getuid?.()) return { path, uid, gid, mode };
  const parent = await lstat(dirname(path)).catch(() => undefined);
  if (found.isDirectory() || parent === undefined || parent.uid === uid) return undefined;
  return { path: dirname(path), uid: parent.uid, gid: parent.gid, mode: parent.mode };
}
