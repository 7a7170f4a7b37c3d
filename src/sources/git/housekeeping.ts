import type { Clone } from './clone-slot.ts';
import { DamageError } from './damage.ts';
import { runGit } from './git-command.ts';
import type { ReadableClone } from './object-reader.ts';

/** Each change adds a pack. From so many on they are made one, when nothing waits for it. */
export const untidyFrom = 50;
/** Without an idle moment in all that time, a new clone is the quicker way. */
const tooMany = 200;

/** Throws `DamageError` when so much has piled up that a new clone is better. */
export function checkPileUp({ packs }: Clone): void {
  if (packs >= tooMany) throw new DamageError(`it has grown to ${packs} packs`);
}

/** Makes one pack of what the clone's ref still reaches, and drops the rest. */
export async function tidy({ directory, env }: ReadableClone, signal: AbortSignal): Promise<void> {
  await runGit({ args: ['repack', '-a', '-d', '-q', '-n'], cwd: directory, env, signal });
}
