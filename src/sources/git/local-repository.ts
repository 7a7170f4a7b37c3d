import { readFile, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { DeniedError, Failure, MissingError, systemCode, UnreachableError } from '../../failure/failure.ts';

/** Where a repository on this machine keeps its things; the two differ in a linked work tree. */
export interface GitDirectories {
  /** Holds HEAD. */
  readonly gitDir: string;
  /** Holds refs and objects. */
  readonly commonDir: string;
}

/** Finds them where git itself would: in the path, in its `.git`, in what its `.git` file names, in `<path>.git`. */
export async function findGitDirectories(path: string): Promise<GitDirectories> {
  try {
    for (const candidate of [join(path, '.git'), path, join(`${path}.git`, '.git'), `${path}.git`]) {
      const found = await directoriesAt(candidate);
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

async function directoriesAt(candidate: string): Promise<GitDirectories | undefined> {
  const gitDir = await followGitFile(candidate);
  if (gitDir === undefined) return undefined;
  const common = await readIfThere(join(gitDir, 'commondir'));
  const commonDir = common === undefined ? gitDir : resolve(gitDir, common.trim());
  const isRepository =
    (await exists(join(gitDir, 'HEAD'))) &&
    (await exists(join(commonDir, 'objects'))) &&
    (await exists(join(commonDir, 'refs')));
  return isRepository ? { gitDir, commonDir } : undefined;
}

async function followGitFile(candidate: string): Promise<string | undefined> {
  const found = await statIfThere(candidate);
  if (found === undefined) return undefined;
  if (found.isDirectory()) return candidate;
  const text = await readFile(candidate, 'utf8');
  const target = /^gitdir: (.+?)\s*$/.exec(text)?.[1];
  return target === undefined ? undefined : resolve(dirname(candidate), target);
}

/** A file's text; undefined when there is none. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

export async function statIfThere(path: string) {
  try {
    return await stat(path);
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  return (await statIfThere(path)) !== undefined;
}

function isAbsent(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR', 'EISDIR'].includes(systemCode(error) ?? '');
}
