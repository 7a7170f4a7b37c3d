import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../../failure/failure.ts';
import { ensureDirectoryNow } from '../../platform/directory-now.ts';
import { onState, passing } from './clone-slot.ts';
import { gitConfiguration } from './environment.ts';
import type { GitPlaces } from './places.ts';

/** Makes the directory and git's only configuration file. */
export function prepare({ root, configFile }: GitPlaces): Promise<void> {
  return onState(() => {
    ensureDirectoryNow(root, 0o700);
    if (textOf(configFile) === gitConfiguration) return;
    // Not flushed to the disk, which costs more than all else here: what a power cut leaves of it is written anew.
    const temporary = `${configFile}.tmp`;
    writeFileSync(temporary, gitConfiguration, { mode: 0o600 });
    try {
      renameSync(temporary, configFile);
    } catch (error) {
      // One that waits for the target was quicker.
      if (textOf(configFile) !== gitConfiguration) throw error;
    }
  });
}

/** Undefined for what is not there, or cannot be read. */
function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/**
 * Removes what killed runs and other settings left: half-made clones, and clones of repositories no longer used. What cannot be
 * removed now, such as the clone that a process makes which waits for the target, is a left-over of the next start.
 */
export async function removeLeftovers({ root, modules }: GitPlaces, current: string): Promise<void> {
  await removeFrom(root, (name) => passing.test(name) || (name.startsWith('repo-') && name !== current));
  await removeFrom(modules, (name) => passing.test(name));
}

async function removeFrom(directory: string, isStale: (name: string) => boolean): Promise<void> {
  const names = await readdir(directory).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  });
  const stale = names.filter(isStale);
  const remove = (name: string) => rm(join(directory, name), { recursive: true, force: true });
  await Promise.allSettled(stale.map(remove));
}
