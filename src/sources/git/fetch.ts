import type { Clone } from './clone-slot.ts';
import { runGitAtOnce } from './git-command.ts';
import { currentRef } from './repository.ts';
import type { Session } from './session.ts';

export interface FetchOptions {
  readonly session: Session;
  readonly clone: Clone;
  /** Commits of history; 0 = all. */
  readonly depth: number;
  /** Leaves out file contents, which `fetchBlobs` brings; a server that cannot sends them all. */
  readonly partial: boolean;
  readonly signal: AbortSignal;
  /** Called when git was started: there is time now to prepare for what it brings. */
  readonly onStarted?: (() => void) | undefined;
}

const common = ['fetch', '--no-tags', '--no-auto-gc', '--no-write-fetch-head', '--no-recurse-submodules'];
const withoutBlobs = '--filter=blob:none';

/** Fetches one ref, or one object by name, into the clone's only ref. Throws `GitError`. */
export async function fetchCurrent(source: string, options: FetchOptions): Promise<void> {
  await fetch([`+${source}:${currentRef}`], options);
}

/** For servers that give no objects by name: fetches all branches and tags with their whole history. */
export async function fetchAll(options: FetchOptions): Promise<void> {
  const refspecs = ['+refs/heads/*:refs/wherry/heads/*', '+refs/tags/*:refs/wherry/tags/*'];
  await fetch(refspecs, { ...options, depth: 0, partial: false });
}

export interface BlobOptions {
  readonly session: Session;
  /** The clone's. */
  readonly directory: string;
  readonly signal: AbortSignal;
}

/** Fetches these objects in one batch, as git itself would one by one. */
export async function fetchBlobs(
  oids: readonly string[],
  { session, directory, signal }: BlobOptions,
): Promise<void> {
  await runGitAtOnce({
    args: [...common, withoutBlobs, '--stdin', 'origin'],
    cwd: directory,
    env: session.environment(directory, [...remote(session, true), ['fetch.negotiationAlgorithm', 'noop']]),
    input: `${oids.join('\n')}\n`,
    signal,
  });
}

async function fetch(
  refspecs: readonly string[],
  { session, clone, depth, partial, signal, onStarted }: FetchOptions,
): Promise<void> {
  await runGitAtOnce({
    args: [...common, ...history(depth, clone), ...(partial ? [withoutBlobs] : []), 'origin', ...refspecs],
    cwd: clone.directory,
    env: session.environment(clone.directory, remote(session, partial)),
    signal,
    onStarted,
  });
}

function history(depth: number, { shallow }: Clone): readonly string[] {
  if (depth > 0) return [`--depth=${depth}`];
  return shallow ? ['--unshallow'] : [];
}

/**
 * The remote is described in the environment alone, so that nothing has to be written into the clone's configuration
 * and a reading git, which does not get this, never fetches by itself.
 */
function remote({ url }: Session, partial: boolean): (readonly [string, string])[] {
  const promisor = [
    ['remote.origin.promisor', 'true'],
    ['remote.origin.partialclonefilter', 'blob:none'],
  ] as const;
  return [['remote.origin.url', url], ...(partial ? promisor : [])];
}
