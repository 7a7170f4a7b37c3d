import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { MissingError } from '../../failure/failure.ts';
import type { Log } from '../../platform/log.ts';
import type { Settings } from '../../settings/schema.ts';
import { missingOf } from './blobs.ts';
import { bringBlobs, bringCommit, bringRef } from './bring.ts';
import { cloneNameOf } from './clone-names.ts';
import { type Clone, CloneSlot } from './clone-slot.ts';
import { DamageError, StartOver } from './damage.ts';
import { HeadStart } from './head-start.ts';
import { checkPileUp, tidy, untidyFrom } from './housekeeping.ts';
import { ObjectReader, type ReadableClone } from './object-reader.ts';
import type { GitPlaces } from './places.ts';
import { type Reading, readCommit } from './read-commit.ts';
import type { Wanted } from './refs.ts';
import type { Remote } from './remote.ts';
import type { Selection } from './selection.ts';
import { SpareReader } from './spare-reader.ts';

export interface MainCloneOptions {
  readonly settings: Settings;
  readonly places: GitPlaces;
  /** The address as git takes it; another one gets another clone. */
  readonly url: string;
  readonly wanted: Wanted;
  readonly log: Log;
  readable(directory: string): ReadableClone;
}

/** From where, and which part of it. */
export interface Origin {
  readonly remote: Remote;
  readonly selection: Selection;
}

/** The clone of WHERRY_GIT_REPO: brings what the ref holds, and lists it. */
export class MainClone implements AsyncDisposable {
  readonly slot: CloneSlot;
  readonly #options: MainCloneOptions;
  readonly #spare = new SpareReader();
  #packs = 0;
  #early: HeadStart | undefined;
  /** The server leaves contents out, but does not give them later. */
  #wholeOnly = false;

  constructor(options: MainCloneOptions) {
    const { places, url, wanted, log } = options;
    this.#options = options;
    const isSha256 = wanted.kind === 'commit' && wanted.revision.length === 64;
    this.slot = new CloneSlot(join(places.root, cloneNameOf(url)), isSha256 ? 'sha256' : 'sha1', log);
  }

  get name(): string {
    return basename(this.slot.directory);
  }

  /** Fetches and lists. `known` is the full name that the remote last gave for the ref. */
  async take(origin: Origin, known: string | undefined, signal: AbortSignal): Promise<Reading> {
    const early = await this.#join(signal);
    if (early !== undefined) return early;
    this.idle();
    return this.slot.use((clone) => this.#takeInto(clone, origin, known, { signal }));
  }

  /** Begins to take what `take` will be called for soon. Only for a first clone. Resolves when git runs, or never will. */
  async begin(origin: Origin): Promise<void> {
    if (existsSync(this.slot.directory)) return;
    const early = new HeadStart(({ signal, mayPlace, onStarted }) =>
      this.slot.useFirst(
        (clone) => this.#takeInto(clone, origin, undefined, { signal, onStarted }),
        mayPlace,
      ),
    );
    this.#early = early;
    await early.underWay;
  }

  /** Whether the next `take` goes on with what was begun. */
  get hasBegun(): boolean {
    return this.#early !== undefined;
  }

  async #join(signal: AbortSignal): Promise<Reading | undefined> {
    const early = this.#early;
    this.#early = undefined;
    // Whoever had the target until now left a clone, and took what was begun beside it for a left-over.
    if (existsSync(this.slot.directory)) {
      await early?.[Symbol.asyncDispose]();
      return undefined;
    }
    const reading = await early?.join(signal);
    this.#spare.passTo(signal);
    return reading;
  }

  /** Brings those of the blobs that a partial clone lacks, in one batch. */
  async complete(oids: readonly string[], origin: Origin, signal: AbortSignal): Promise<void> {
    if (!this.#isPartial(origin)) return;
    const clone = this.#options.readable(this.slot.directory);
    const missing = await missingOf([...new Set(oids)], clone, signal);
    if (missing.length > 0) await this.#bringBlobs(missing, clone, origin, signal);
  }

  /** The reader of the last listing, if it is still at hand. */
  takeReader(signal: AbortSignal): ObjectReader | undefined {
    return this.#spare.take(signal);
  }

  /** Nothing is about to be written. */
  idle(): void {
    this.#spare.drop();
  }

  /** Nothing waits: the time to clear up what many changes left. */
  async tidy(origin: Origin, signal: AbortSignal): Promise<void> {
    if (this.#packs < untidyFrom) return;
    try {
      // git keeps all that a partial clone ever got; a new clone does not.
      if (this.#isPartial(origin)) throw new DamageError(`it has grown to ${this.#packs} packs`);
      await tidy(this.#options.readable(this.slot.directory), signal);
    } catch (error) {
      signal.throwIfAborted();
      this.slot.distrust(
        error instanceof DamageError ? error : new DamageError('it cannot be tidied', error),
      );
    }
    this.#packs = 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#early?.[Symbol.asyncDispose]();
    this.#early = undefined;
    this.idle();
  }

  /** git starts to read while it fetches, so that it is ready when that is done. */
  async #takeInto(
    clone: Clone,
    origin: Origin,
    known: string | undefined,
    { signal, onStarted: tell }: { readonly signal: AbortSignal; readonly onStarted?: () => void },
  ): Promise<Reading> {
    checkPileUp(clone);
    const readable = this.#options.readable(clone.directory);
    let reader: ObjectReader | undefined;
    const openReader = () => {
      reader ??= new ObjectReader(readable, 'objects', signal);
      return reader;
    };
    let isFetching = true;
    const onStarted = () => {
      try {
        if (isFetching && !signal.aborted) openReader();
      } catch {
        // It is started when it is needed, and fails then if it still does.
      }
      tell?.();
    };
    try {
      await this.#bring(clone, origin, known, { signal, onStarted });
      isFetching = false;
      this.#packs = clone.packs + 1;
      const reading = await this.#list(openReader(), readable, origin, signal);
      this.#spare.keep(openReader(), signal);
      return reading;
    } catch (error) {
      isFetching = false;
      reader?.end();
      throw error;
    }
  }

  async #bring(
    clone: Clone,
    origin: Origin,
    known: string | undefined,
    { signal, onStarted }: { readonly signal: AbortSignal; readonly onStarted: () => void },
  ): Promise<void> {
    const { wanted, settings } = this.#options;
    const { remote } = origin;
    const options = { clone, depth: settings.gitDepth, partial: this.#isPartial(origin), signal, onStarted };
    if (wanted.kind === 'ref') await bringRef(remote, wanted, known, options);
    else {
      const missing = () => noCommit(wanted.revision, remote.asked.display);
      await bringCommit(remote, wanted.revision, missing, options);
    }
  }

  #list(reader: ObjectReader, clone: ReadableClone, origin: Origin, signal: AbortSignal): Promise<Reading> {
    const { settings } = this.#options;
    const { selection } = origin;
    return readCommit(reader, {
      clone,
      selection,
      root: selection.root,
      mount: '',
      maxFiles: settings.maxFiles,
      withSubmodules: settings.gitSubmodules !== 'off',
      partial: this.#isPartial(origin),
      bringBlobs: (oids) => this.#bringBlobs(oids, clone, origin, signal),
      signal,
    });
  }

  async #bringBlobs(
    oids: readonly string[],
    { directory }: ReadableClone,
    { remote }: Origin,
    signal: AbortSignal,
  ): Promise<void> {
    const refused = () => {
      this.#wholeOnly = true;
      return new StartOver('the server gives no contents by name', { otherFormat: false });
    };
    await bringBlobs(remote, oids, refused, { directory, signal });
  }

  #isPartial({ selection }: Origin): boolean {
    return selection.partial && !this.#wholeOnly;
  }
}

function noCommit(oid: string, display: string): MissingError {
  return new MissingError({
    setting: 'WHERRY_GIT_REF',
    problem: `the commit ${oid} is not in ${display}`,
    cure: 'push it, or name another one',
  });
}
