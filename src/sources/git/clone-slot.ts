import { existsSync, renameSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import {
  MissingError,
  RefusedError,
  systemCode,
  TargetError,
  UnreachableError,
} from '../../failure/failure.ts';
import { ensureDirectoryNow } from '../../platform/directory-now.ts';
import type { Log } from '../../platform/log.ts';
import { passingSuffix } from './clone-names.ts';
import { DamageError, StartOver } from './damage.ts';
import { createRepository, inspectRepository, type ObjectFormat } from './repository.ts';

/** A bare repository to work on. */
export interface Clone {
  readonly directory: string;
  /** Nothing was ever fetched into it. */
  readonly fresh: boolean;
  readonly shallow: boolean;
  readonly packs: number;
}

/** Half-made clones and those about to be removed; what carries such a name at a start is a left-over. */
export const passing = /^\.(?:new|old)-/;

/** The place of one clone, which a better one takes over by rename whenever there is any doubt about it. */
export class CloneSlot {
  readonly directory: string;
  readonly #log: Log;
  #format: ObjectFormat;
  #doubt: DamageError | undefined;

  constructor(directory: string, format: ObjectFormat, log: Log) {
    this.directory = directory;
    this.#format = format;
    this.#log = log;
  }

  /** The next `use` makes a new clone. */
  distrust(doubt: DamageError): void {
    this.#doubt = doubt;
  }

  /**
   * Does the work on the clone; on a new one beside it when there is none, when it cannot be trusted, or when the
   * work finds it damaged. The new one takes its place when the work is done, and is gone when that fails.
   */
  async use<T>(work: (clone: Clone) => Promise<T>): Promise<T> {
    try {
      const inspection = await inspectRepository(this.directory);
      if (this.#doubt !== undefined) throw this.#doubt;
      if (inspection !== undefined) {
        this.#format = inspection.format;
        return await work({ directory: this.directory, fresh: false, ...inspection });
      }
    } catch (error) {
      if (!(error instanceof DamageError)) throw error;
      this.#log.warn({ reason: error.message }, 'the local clone is in doubt: a new one is made beside it');
      if (error instanceof StartOver) this.#heed(error);
    }
    return this.#renew(work);
  }

  /** The same for the first clone, before this process may touch the place: it is put there when `mayPlace` resolves. */
  async useFirst<T>(work: (clone: Clone) => Promise<T>, mayPlace: Promise<void>): Promise<T> {
    return this.#renew(work, mayPlace);
  }

  async #renew<T>(work: (clone: Clone) => Promise<T>, mayPlace?: Promise<void>, tries = 3): Promise<T> {
    try {
      return await this.#inNewClone(work, mayPlace);
    } catch (error) {
      if (error instanceof StartOver && tries > 1) {
        this.#heed(error);
        return this.#renew(work, mayPlace, tries - 1);
      }
      if (!(error instanceof DamageError)) throw error;
      throw new UnreachableError({
        setting: 'WHERRY_GIT_REPO',
        problem: `a new clone is not usable: ${error.message}`,
        cure: 'it is tried again',
        cause: error,
      });
    }
  }

  #heed({ otherFormat }: StartOver): void {
    if (otherFormat) this.#format = this.#format === 'sha1' ? 'sha256' : 'sha1';
  }

  async #inNewClone<T>(work: (clone: Clone) => Promise<T>, mayPlace?: Promise<void>): Promise<T> {
    const directory = this.#beside('new');
    try {
      await onState(() => createRepository(directory, this.#format));
      const result = await work({ directory, fresh: true, shallow: false, packs: 0 });
      if (mayPlace !== undefined) await this.#waitToPlace(directory, mayPlace);
      await onState(() => this.#replaceBy(directory));
      this.#doubt = undefined;
      return result;
    } catch (error) {
      // A place that it may not take is no reason to keep it.
      const isKept = (await isWorthKeeping(directory, error)) && (await resolves(mayPlace));
      if (isKept) await onState(() => this.#replaceBy(directory));
      else await rm(directory, { recursive: true, force: true }).catch(() => undefined);
      throw error;
    }
  }

  /** Whoever may touch the place meanwhile takes what is beside it for a left-over. */
  async #waitToPlace(directory: string, mayPlace: Promise<void>): Promise<void> {
    await mayPlace;
    if (!existsSync(directory)) throw new StartOver('it was cleared away', { otherFormat: false });
  }

  async #replaceBy(directory: string): Promise<void> {
    ensureDirectoryNow(dirname(this.directory), 0o700);
    const old = this.#setAside();
    renameSync(directory, this.directory);
    // What cannot be removed now is a left-over of the next start.
    if (old !== undefined) await rm(old, { recursive: true, force: true }).catch(() => undefined);
  }

  /** Where the clone is now that had the place; undefined when none had it. */
  #setAside(): string | undefined {
    const old = this.#beside('old');
    try {
      renameSync(this.directory, old);
      return old;
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  #beside(kind: 'new' | 'old'): string {
    return join(dirname(this.directory), `.${kind}-${basename(this.directory)}-${passingSuffix()}`);
  }
}

async function resolves(promise: Promise<void> | undefined): Promise<boolean> {
  try {
    await promise;
    return true;
  } catch {
    return false;
  }
}

/** What was fetched is sound, but not what is wanted: the next try need not fetch it again. */
async function isWorthKeeping(directory: string, error: unknown): Promise<boolean> {
  if (!(error instanceof MissingError || error instanceof RefusedError)) return false;
  const packs = await readdir(join(directory, 'objects', 'pack')).catch(() => []);
  return packs.length > 0;
}

/** An error of the state directory's file system is the target volume's. */
export async function onState<T>(work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    throw new TargetError({
      setting: 'WHERRY_STATE_DIR',
      problem: `the clone cannot be kept there (${systemCode(error)})`,
      cure: 'make the volume writable and give it room',
      cause: error,
    });
  }
}
