import { readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../failure/failure.ts';
import { writeAtomically } from '../platform/atomic-write.ts';
import { ensureDirectory } from '../platform/directory.ts';
import type { Log } from '../platform/log.ts';
import { onTarget } from '../publish/target-errors.ts';
import { emptyState, type Judge, type Quarantine, type State } from './machine/state.ts';

const fileName = 'state.json';
/** What failures of the volume here are about. */
const where = 'WHERRY_STATE_DIR';

/** Reads the state without touching anything; undefined when there is none or it cannot be read as one. */
export async function readState(directory: string): Promise<State | undefined> {
  const text = await readFile(join(directory, fileName), 'utf8').catch((error: unknown) => {
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) return undefined;
    return onTarget(Promise.reject(error), where);
  });
  if (text === undefined) return undefined;
  try {
    const parsed: unknown = JSON.parse(text);
    return isState(parsed) ? upToDate(parsed) : undefined;
  } catch {
    return undefined;
  }
}

/** One small file, replaced as a whole; what it holds survives a `kill -9` at any instant. */
export class StateStore {
  /** Absolute. */
  readonly directory: string;
  readonly #log: Log;

  constructor(directory: string, log: Log) {
    this.directory = directory;
    this.#log = log;
  }

  /** Unreadable state never blocks: it is set aside and rebuilt from what is in the target. */
  async load(): Promise<State> {
    await onTarget(ensureDirectory(this.directory, 0o700));
    const state = await readState(this.directory);
    if (state !== undefined) return state;
    const path = join(this.directory, fileName);
    const aside = `${path}.unreadable`;
    try {
      await rename(path, aside);
      this.#log.warn(
        { path: aside },
        'the state file could not be read; it is set aside and rebuilt from the target',
      );
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') return onTarget(Promise.reject(error), where);
    }
    return emptyState;
  }

  /** Somebody may have removed the directory with all of the target's content. */
  async save(state: State): Promise<void> {
    const write = () => writeAtomically(join(this.directory, fileName), `${JSON.stringify(state)}\n`, 0o600);
    try {
      await write();
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') return onTarget(Promise.reject(error), where);
      await onTarget(ensureDirectory(this.directory, 0o700).then(write), where);
    }
  }
}

function isState(value: unknown): value is State {
  if (typeof value !== 'object' || value === null) return false;
  const { version, sequence, baseline, targets } = value as Record<string, unknown>;
  const numbers = Number.isSafeInteger(sequence) && Number.isSafeInteger(baseline);
  return version === 1 && numbers && typeof targets === 'object' && targets !== null;
}

/** Before there could be several, the one refused state stood alone. */
function upToDate({ quarantine, ...rest }: State): State {
  if (quarantine === undefined) return rest;
  const entries: readonly (Quarantine & { readonly by?: Judge })[] = [quarantine].flat();
  return {
    ...rest,
    quarantine: entries.map((entry) => ({
      ...entry,
      by: entry.by ?? (entry.reloadKey === undefined ? 'gate' : 'target'),
    })),
  };
}
