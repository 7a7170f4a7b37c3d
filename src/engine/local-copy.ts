import { RefusedError, systemCode } from '../failure/failure.ts';
import type { Generation } from '../publish/generation.ts';
import { digestOf } from '../publish/manifest.ts';
import type { Context } from './context.ts';
import type { PublishedSet } from './machine/state.ts';
import { prepareCopy, type StagedSet } from './prepare.ts';

/**
 * A set that was published, staged again from its generation, in whatever mode that was made. Undefined when the
 * generation is gone, or no longer what it was.
 */
export async function localCopyOf(
  { memory, options }: Context,
  set: PublishedSet,
  signal: AbortSignal,
): Promise<StagedSet | undefined> {
  const { publisher, log } = options;
  const sequence = memory.state.sequence + 1;
  try {
    const generation = await publisher.generation(set.generation);
    if (generation === undefined) return undefined;
    refuseAltered(generation, set);
    return await prepareCopy({ publisher, sequence }, generation, signal);
  } catch (error) {
    const isDamaged =
      error instanceof RefusedError ||
      ['ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO'].includes(systemCode(error) ?? '');
    if (!isDamaged) throw error;
    log.error({ generation: set.generation, err: error }, 'the copy of an earlier set is damaged');
    return undefined;
  }
}

/** The files are checked against the manifest, and that against what the state knows. */
function refuseAltered({ directory, manifest }: Generation, { digest }: PublishedSet): void {
  if (digestOf(manifest.files, manifest.dirMode, manifest.layers) === digest) return;
  throw new RefusedError({ problem: `the manifest in ${directory} names another set than was published` });
}
