import { stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { DeniedError, Failure, MissingError, systemCode, UnreachableError } from '../../failure/failure.ts';
import { byThread, filesIn, type VolumeFiles } from '../../platform/volume-files.ts';

/** Where a repository on this machine keeps its things; the two differ in a linked work tree. */
export interface GitDirectories {
  /** Holds HEAD. */
  readonly gitDir: string;
  /** Holds refs and objects. */
  readonly commonDir: string;
  /** How to ask for the files in both. */
  readonly files: VolumeFiles;
}

/** Finds them where git itself would: in the path, in its `.git`, in what its `.git` file names, in `<path>.git`. */
export async function findGitDirectories(path: string): Promise<GitDirectories> {
  const files = await filesIn(path);
  try {
    for (const candidate of [join(path, '.git'), path, join(`${path}.git`, '.git'), `${path}.git`]) {
      const found = await directoriesAt(candidate, files);
      if (found !== undefined) return found;
    }
    // What cannot be entered is another trouble than what is not there.
    await stat(path);
  } catch (error) {
    throw fileFailure(error, path);
  }
  throw new MissingError({
    setting: 'WHERRY_GIT_REPO',
    problem: `${path} is not a Git repository`,
    cure: 'name the directory of a repository',
  });
}

/** What an error of the file system means for a repository at this path. */
export function fileFailure(error: unknown, path: string): Error {
  if (error instanceof Failure) return error;
  const code = systemCode(error);
  const details = { setting: 'WHERRY_GIT_REPO', cause: error };
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new MissingError({
        ...details,
        problem: `there is no repository at ${path}`,
        cure: 'check the path, and that the volume is mounted',
      });
    case 'EACCES':
    case 'EPERM':
      return new DeniedError({
        ...details,
        problem: `${path} may not be read by user id ${process.getuid?.() ?? '?'}`,
        cure: 'give that user read access to the repository',
      });
    case undefined:
      return error instanceof Error ? error : new Error(String(error));
    default:
      return new UnreachableError({
        ...details,
        problem: `${path} cannot be read (${code})`,
        cure: 'it is tried again',
      });
  }
}

async function directoriesAt(candidate: string, near: VolumeFiles): Promise<GitDirectories | undefined> {
  const gitDir = await followGitFile(candidate, near);
  if (gitDir === undefined) return undefined;
  // A linked work tree may be on another volume than its repository.
  const files = gitDir === candidate ? near : byThread;
  const common = await files.text(join(gitDir, 'commondir'));
  const commonDir = common === undefined ? gitDir : resolve(gitDir, common.trim());
  const isRepository =
    (await files.stat(join(gitDir, 'HEAD'))) !== undefined &&
    (await files.stat(join(commonDir, 'objects'))) !== undefined &&
    (await files.stat(join(commonDir, 'refs'))) !== undefined;
  return isRepository ? { gitDir, commonDir, files } : undefined;
}

async function followGitFile(candidate: string, files: VolumeFiles): Promise<string | undefined> {
  const found = await files.stat(candidate);
  if (found === undefined) return undefined;
  if (found.isDirectory()) return candidate;
  const text = (await files.text(candidate)) ?? '';
  const target = /^gitdir: (.+?)\s*$/.exec(text)?.[1];
  return target === undefined ? undefined : resolve(dirname(candidate), target);
}
