import { Failure, systemCode, TargetError } from '../failure/failure.ts';

/** Turns a system error of the target's volume into a failure that names the cure; failures pass as they are. */
function targetError(error: unknown): Failure {
  if (error instanceof Failure) return error;
  const code = systemCode(error);
  const path = error instanceof Error && 'path' in error ? ` (${String(error.path)})` : '';
  const [problem, cure] = explain(code, error);
  return new TargetError({ setting: 'WHERRY_TARGET', problem: `${problem}${path}`, cure, cause: error });
}

/** Awaits an operation on the target's volume. */
export async function onTarget<T>(operation: Promise<T>): Promise<T> {
  try {
    return await operation;
  } catch (error) {
    throw targetError(error);
  }
}

function explain(code: string | undefined, error: unknown): readonly [string, string] {
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return [`no space is left on the volume: ${code}`, 'raise its sizeLimit or free space or inodes'];
    case 'EROFS':
      return [`the volume is read-only: ${code}`, "mount it without readOnly in Wherry's container"];
    case 'EACCES':
    case 'EPERM':
      return [
        `not permitted for user ${process.getuid?.() ?? '?'}, group ${process.getgid?.() ?? '?'}: ${code}`,
        "give the pod's securityContext an fsGroup, or run as the volume's owner",
      ];
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
