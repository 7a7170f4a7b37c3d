import { type Failure, MissingError, UnreachableError } from '../../failure/failure.ts';
import { missingOf } from './blobs.ts';
import { OtherFormat } from './clone-slot.ts';
import { DamageError } from './damage.ts';
import { type Asked, judgeGit, unreachable } from './failures.ts';
import { type FetchOptions, fetchAll, fetchCurrent } from './fetch.ts';
import { GitError } from './git-command.ts';
import type { Wanted } from './refs.ts';
import type { Remote } from './remote.ts';
import { readCurrent, writeCurrent } from './repository.ts';

export type BringOptions = Omit<FetchOptions, 'session'>;

/**
 * Fetches what the ref holds now. The first try takes the likeliest ref without asking; when it fails, the remote's
 * own answer says who is to blame. `known` is the full name that the remote last gave for it.
 */
export async function bringRef(
  remote: Remote,
  wanted: Wanted & { readonly kind: 'ref' },
  known: string | undefined,
  options: BringOptions,
): Promise<void> {
  const tried = { ref: known ?? wanted.candidates[0], url: remote.url };
  try {
    await fetchOnce(remote, tried.ref, options);
  } catch (error) {
    if (!(error instanceof GitError)) throw error;
    throwIfCertain(error, remote.asked);
    const { ref } = await remote.resolve(wanted, options.signal);
    if (ref === tried.ref && remote.url === tried.url) throw blame(error, remote.asked);
    await retry(remote, ref, options);
  }
}

async function retry(remote: Remote, ref: string, options: BringOptions): Promise<void> {
  try {
    await fetchOnce(remote, ref, options);
  } catch (error) {
    if (!(error instanceof GitError)) throw error;
    throwIfCertain(error, remote.asked);
    throw blame(error, remote.asked);
  }
}

async function fetchOnce(remote: Remote, ref: string, options: BringOptions): Promise<void> {
  await using session = await remote.session();
  await fetchCurrent(ref, { ...options, session });
}

/** Fetches one commit by its name; what is there already is not asked for. `missing` tells that it is not there. */
export async function bringCommit(
  oid: string,
  asked: Asked,
  missing: () => Failure,
  options: FetchOptions,
): Promise<void> {
  const { clone, session, signal } = options;
  if ((await readCurrent(clone.directory)) === oid) return;
  try {
    await fetchCurrent(oid, options);
    return;
  } catch (error) {
    if (!(error instanceof GitError)) throw error;
    const verdict = judgeGit(error.stderr, asked, error);
    if (verdict.kind !== 'not-advertised') {
      throwIfCertain(error, asked);
      throw verdict.kind === 'doubtful' || verdict.kind === 'failure' ? verdict.failure : damage(error);
    }
  }
  try {
    await fetchAll(options);
  } catch (error) {
    if (!(error instanceof GitError)) throw error;
    throwIfCertain(error, asked);
    throw blame(error, asked);
  }
  const absent = await missingOf([oid], session.environment(clone.directory), signal);
  if (absent.length > 0) throw missing();
  await writeCurrent(clone.directory, oid);
}

export function noCommit(oid: string, display: string): MissingError {
  return new MissingError({
    setting: 'WHERRY_GIT_REF',
    problem: `the commit ${oid} is not in ${display}`,
    cure: 'push it, or name another one',
  });
}

/** What no look at the remote could change: the local side's own troubles. */
function throwIfCertain(error: GitError, asked: Asked): void {
  const verdict = judgeGit(error.stderr, asked, error);
  if (verdict.kind === 'format') throw new OtherFormat();
  if (verdict.kind !== 'failure') return;
  if (verdict.failure.kind === 'target' || verdict.failure.kind === 'unexpected') throw verdict.failure;
}

/** The remote answers well, and still the fetch failed. */
function blame(error: GitError, asked: Asked): Failure | DamageError {
  const verdict = judgeGit(error.stderr, asked, error);
  switch (verdict.kind) {
    case 'failure':
      return verdict.failure;
    case 'doubtful':
      return unreachable(asked, 'the connection broke off', error);
    case 'no-ref':
    case 'not-advertised':
      return new UnreachableError({
        setting: 'WHERRY_GIT_REPO',
        problem: `${asked.display} moved while it was fetched`,
        cure: 'it is tried again',
        cause: error,
      });
    case 'format':
    case 'unknown':
      return damage(error);
  }
}

function damage(error: GitError): DamageError {
  return new DamageError(error.message, error);
}
