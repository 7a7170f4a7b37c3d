import type { Validate } from '../validation/gate.ts';
import type { Context } from './context.ts';
import type { StagedSet } from './prepare.ts';

/** The last gate before readers see the set. */
export async function validateStaged(
  { options }: Pick<Context, 'options'>,
  validate: Validate,
  { stage, manifest }: StagedSet,
  signal: AbortSignal,
): Promise<void> {
  const files = manifest.files.filter((entry) => !('link' in entry)).map(({ path }) => path);
  const { directory } = stage;
  await validate({ directory, files, revision: manifest.revision, target: options.targetDir }, signal);
}
