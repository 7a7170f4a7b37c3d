import { type Failure, UnreachableError } from '../../failure/failure.ts';
import { missingOf } from './blobs.ts';
import { DamageError, StartOver } from './damage.ts';
import { type Asked, unreachable } from './failures.ts';
import { type BlobOptions, type FetchOptions, fetchAll, fetchBlobs, fetchCurrent } from './fetch.ts';
import { GitError } from './git-command.ts';
import { type GitVerdict, judgeGit } from './git-verdict.ts';
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
    await fetchFrom(remote, tried.ref, options);
  } catch (error) {
    const failed = verdictOn(error, remote.asked);
    const { ref } = await remote.resolve(wanted, options.signal);
    if (ref === tried.ref && remote.url === tried.url) throw blame(failed, remote.asked);
    await orBlame(remote, fetchFrom(remote, ref, options));
  }
}

/** Fetches one commit by its name; what is there already is not asked for. `missing` tells that it is not there. */
export async function bringCommit(
  remote: Remote,
  oid: string,
  missing: () => Failure,
  options: BringOptions,
): Promise<void> {
  if ((await readCurrent(options.clone.directory)) === oid) return;
  const { url } = remote;
  try {
    await fetchFrom(remote, oid, options);
  } catch (error) {
    const failed = verdictOn(error, remote.asked);
    if (failed.verdict.kind === 'not-advertised') await bringByRefs(remote, oid, missing, options);
    else {
      await remote.testify(options.signal);
      if (remote.url === url) throw blame(failed, remote.asked);
      await orBlame(remote, fetchFrom(remote, oid, options));
    }
  }
}

/** Fetches blobs that a partial clone lacks, in one batch. `refused` tells that the server gives none by name. */
export async function bringBlobs(
  remote: Remote,
  oids: readonly string[],
  refused: () => StartOver,
  options: Omit<BlobOptions, 'session'>,
): Promise<void> {
  try {
    await using session = await remote.session();
    await fetchBlobs(oids, { ...options, session });
  } catch (error) {
    const failed = verdictOn(error, remote.asked);
    if (failed.verdict.kind === 'not-advertised') throw refused();
    await remote.testify(options.signal);
    throw blame(failed, remote.asked);
  }
}

/** For servers that give no objects by name, and for objects that are not there. */
async function bringByRefs(
  remote: Remote,
  oid: string,
  missing: () => Failure,
  options: BringOptions,
): Promise<void> {
  const { clone, signal } = options;
  await using session = await remote.session();
  await orBlame(remote, fetchAll({ ...options, session }));
  const readable = { directory: clone.directory, env: session.environment('.') };
  const absent = await missingOf([oid], readable, signal);
  if (absent.length > 0) throw missing();
  await writeCurrent(clone.directory, oid);
}

async function fetchFrom(remote: Remote, source: string, options: BringOptions): Promise<void> {
  await using session = await remote.session();
  await fetchCurrent(source, { ...options, session });
}

async function orBlame(remote: Remote, fetching: Promise<void>): Promise<void> {
  try {
    await fetching;
  } catch (error) {
    throw blame(verdictOn(error, remote.asked), remote.asked);
  }
}

interface Failed {
  readonly error: GitError;
  readonly verdict: GitVerdict;
}

/** Throws at once what no look at the remote could change: the local side's own troubles. */
function verdictOn(error: unknown, asked: Asked): Failed {
  if (!(error instanceof GitError)) throw error;
  const verdict = judgeGit(error.stderr, asked, error);
  if (verdict.kind === 'format')
    throw new StartOver('it uses the other hash function', { otherFormat: true });
  const isLocal =
    verdict.kind === 'failure' &&
    (verdict.failure.kind === 'target' || verdict.failure.kind === 'unexpected');
  if (isLocal) throw verdict.failure;
  return { error, verdict };
}

/** The remote answers well, and still the fetch failed. */
function blame({ error, verdict }: Failed, asked: Asked): Failure | DamageError {
  switch (verdict.kind) {
    case 'failure':
      return verdict.failure;
    case 'doubtful':
      // SSH has no better witness than git; an HTTP server was just asked, and did not refuse.
      return asked.transport === 'http'
        ? unreachable(asked, 'the connection broke off', error)
        : verdict.failure;
    case 'no-ref':
    case 'not-advertised':
      return new UnreachableError({
        setting: asked.address,
        problem: `${asked.display} moved while it was fetched`,
        cure: 'it is tried again',
        cause: error,
      });
    case 'format':
    case 'unknown':
      return new DamageError(error.message, error);
  }
}
