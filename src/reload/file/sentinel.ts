import { chmod, lstat, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemCode } from '../../failure/failure.ts';
import { fsyncPath } from '../../platform/flush.ts';
import type { Answer, ReloadContext } from '../target.ts';

export interface SentinelOptions {
  /** Relative to the target, without `..`. */
  readonly path: string;
  /** Absolute. */
  readonly targetDir: string;
  readonly fsync: boolean;
}

/** Two dots in front: readers of the target leave such names alone, as they do for the kubelet's. */
const temporaryName = '..wherry-sentinel.tmp';

/** Replaces the sentinel as a whole, so that every kind of watcher sees it: new inode, new time, new content. */
export async function writeSentinel(options: SentinelOptions, context: ReloadContext): Promise<Answer> {
  try {
    const path = join(options.targetDir, options.path);
    await openWay(options);
    await replace(path, contentOf(context), options.fsync);
    return { class: 'accepted' };
  } catch (error) {
    return { class: 'misconfigured', detail: `WHERRY_SENTINEL: "${options.path}" ${explain(error)}` };
  }
}

/** One line of JSON; `previous` is null for the first set. */
export function contentOf({ revision, sequence, publishedAt, previous }: ReloadContext): string {
  return `${JSON.stringify({ revision, sequence, publishedAt, previous: previous ?? null })}\n`;
}

/** Something is where the sentinel, or a directory above it, should be. */
class InTheWay extends Error {}

/**
 * Makes the directories above it. A symbolic link on the way is either published, and leads into a generation that
 * nobody may write into, or somebody else's, and may lead anywhere.
 */
async function openWay({ path, targetDir }: SentinelOptions): Promise<void> {
  const names = path.split('/');
  let place = targetDir;
  for (const [index, name] of names.entries()) {
    place = join(place, name);
    const shown = names.slice(0, index + 1).join('/');
    const isLast = index === names.length - 1;
    const known = await lstat(place).catch(ignoreMissing);
    if (known?.isSymbolicLink() === true) {
      throw new InTheWay(
        `leads through "${shown}", a symbolic link; choose a path beside the published names`,
      );
    }
    if (known !== undefined && known.isDirectory() === isLast) {
      throw new InTheWay(
        `is in the way of "${shown}", which is ${isLast ? 'a' : 'no'} directory; choose another path`,
      );
    }
    if (known !== undefined || isLast) continue;
    await mkdir(place);
    await chmod(place, 0o755);
  }
}

function ignoreMissing(error: unknown): undefined {
  if (systemCode(error) === 'ENOENT') return undefined;
  throw error;
}

async function replace(path: string, content: string, fsync: boolean): Promise<void> {
  const directory = dirname(path);
  const temporary = join(directory, temporaryName);
  try {
    await rm(temporary, { force: true });
    {
      await using handle = await open(temporary, 'wx', 0o644);
      await handle.writeFile(content);
      // Whatever the umask takes away.
      await handle.chmod(0o644);
      if (fsync) await handle.sync();
    }
    await rename(temporary, path);
    if (fsync) await fsyncPath(directory);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
}

function explain(error: unknown): string {
  if (error instanceof InTheWay) return error.message;
  const code = systemCode(error);
  const words = error instanceof Error ? error.message : String(error);
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return `cannot be written (${code}); let this user write there (fsGroup), or choose another path`;
    case 'EROFS':
      return 'cannot be written (EROFS); mount the volume writable in this container';
    case 'ENOSPC':
    case 'EDQUOT':
      return `cannot be written (${code}); the volume is full: raise its size, or lower WHERRY_RETAIN`;
    case 'ENAMETOOLONG':
      return 'cannot be written (ENAMETOOLONG); choose a shorter path';
    default:
      return `cannot be written (${words})`;
  }
}
