import { resolve } from 'node:path';
import { MissingError, SettingsError } from '../../failure/failure.ts';
import type { Log } from '../../platform/log.ts';
import { pause } from '../../platform/pause.ts';
import { unlessAborted } from '../../platform/unless-aborted.ts';
import type { Settings } from '../../settings/schema.ts';
import type { Entry, FileEntry, Fingerprint, Revision, Snapshot } from '../../snapshot/entry.ts';
import type { FileSink } from '../../snapshot/file-sink.ts';
import { type PathFilter, pathFilterOf } from '../../snapshot/path-filter.ts';
import type { Probe, Source } from '../source.ts';
import { copyFiles } from './contents.ts';
import type { DirectoryWatch } from './directory-watch.ts';
import { changing, stalled } from './failures.ts';
import { digestOf, type Found, type FoundFile } from './listing.ts';
import { quietTime } from './quiet-time.ts';
import { type Place, placeOf } from './volume.ts';
import { walk } from './walk.ts';

export interface DirectorySourceOptions {
  readonly settings: Settings;
  readonly log: Log;
  /** A state of the past, which only is to be had while it is still the present. */
  readonly revision: Revision | undefined;
}

/** The directory of the settings. Nothing is touched before the first call. */
export function createDirectorySource(options: DirectorySourceOptions): Source {
  const { dirPath } = options.settings;
  if (dirPath === undefined) {
    throw new SettingsError({ setting: 'WHERRY_DIR_PATH', problem: 'required with WHERRY_SOURCE=dir' });
  }
  return new DirectorySource(options, resolve(dirPath));
}

/** How long a directory that keeps changing is waited for. */
const patience = 100_000;
const moment = 1000;

interface Listing {
  readonly place: Place;
  readonly found: readonly Found[];
  readonly revision: Revision;
}

class DirectorySource implements Source {
  readonly description: string;
  readonly #options: DirectorySourceOptions;
  readonly #path: string;
  #filter: PathFilter | undefined;
  #taken: Listing | undefined;
  #watch: DirectoryWatch | undefined;
  #waiting: Promise<void> | undefined;

  constructor(options: DirectorySourceOptions, path: string) {
    this.#options = options;
    this.#path = path;
    this.description = path;
  }

  async probe(previous: Revision | undefined, signal: AbortSignal): Promise<Probe> {
    // A listing that was no news is kept no longer.
    this.#taken = undefined;
    const { revision } = await this.#ask(async () => {
      const place = await placeOf(this.#path);
      await this.#watch?.ensure(place).catch(() => undefined);
      return await this.#look(place, signal);
    }, signal);
    return revision === previous ? { kind: 'unchanged' } : { kind: 'moved', revision };
  }

  async snapshot(signal: AbortSignal): Promise<Snapshot> {
    const listing = await this.#settled(signal);
    this.#taken = listing;
    return { revision: listing.revision, entries: listing.found.map(entryOf) };
  }

  async write(files: readonly FileEntry[], sink: FileSink, signal: AbortSignal): Promise<void> {
    const taken = this.#taken;
    this.#taken = undefined;
    if (taken === undefined) throw changing(this.#path);
    const { place, found, revision } = taken;
    const byPath = new Map<string, FoundFile>();
    for (const entry of found) if (entry.kind === 'file') byPath.set(entry.path, entry);
    await this.#ask(() => copyFiles(files, { root: place.root, found: byPath }, sink, signal), signal);
    if (place.isAtomic) return;
    const again = await this.#list(signal);
    if (again.revision !== revision) throw changing(this.#path);
  }

  async watch(onChange: () => void): Promise<AsyncDisposable | undefined> {
    if (this.#options.revision !== undefined) return undefined;
    const { DirectoryWatch } = await import('./directory-watch.ts');
    const watch = new DirectoryWatch(this.#path, onChange, this.#options.log);
    this.#watch = watch;
    // Until there is a directory, each probe tries again.
    await placeOf(this.#path)
      .then((place) => watch.ensure(place))
      .catch(() => undefined);
    return watch;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#watch?.[Symbol.asyncDispose]();
  }

  /** A listing in which nobody is writing, as far as times can tell. */
  async #settled(signal: AbortSignal): Promise<Listing> {
    const end = performance.now() + patience;
    let listing = await this.#list(signal);
    for (;;) {
      const wait = quietTime(listing, Date.now());
      if (wait === 0) return listing;
      if (performance.now() > end) throw changing(this.#path);
      await pause(wait, signal);
      const again = await this.#list(signal);
      if (again.revision === listing.revision) return again;
      listing = again;
    }
  }

  #list(signal: AbortSignal): Promise<Listing> {
    return this.#ask(async () => this.#look(await placeOf(this.#path), signal), signal);
  }

  /**
   * What a volume without an answer is asked keeps a thread of the process, and cannot be called back: so only one
   * question waits at a time.
   */
  async #ask<T>(question: () => Promise<T>, signal: AbortSignal): Promise<T> {
    if (this.#waiting !== undefined) {
      // One that was given up a moment ago may just be ending.
      await unlessAborted(Promise.race([this.#waiting, pause(moment, signal)]), signal);
      if (this.#waiting !== undefined) throw stalled(this.#path);
    }
    const answer = question();
    const waiting = answer
      .then(
        () => undefined,
        () => undefined,
      )
      .then(() => {
        this.#waiting = undefined;
      });
    this.#waiting = waiting;
    return unlessAborted(answer, signal);
  }

  async #look(place: Place, signal: AbortSignal): Promise<Listing> {
    const { settings, revision: wanted } = this.#options;
    this.#filter ??= await pathFilterOf(settings);
    const found = await walk({ root: place.root, filter: this.#filter, maxFiles: settings.maxFiles }, signal);
    const revision = `listing:${digestOf(found)}` as Revision;
    if (wanted !== undefined && wanted !== revision) throw this.#past(wanted);
    return { place, found, revision };
  }

  #past(wanted: Revision): MissingError {
    return new MissingError({
      setting: 'WHERRY_DIR_PATH',
      problem: `${this.#path} no longer is at ${wanted}`,
      cure: 'a directory has no past: put the earlier content back into it',
    });
  }
}

function entryOf(found: Found): Entry {
  if (found.kind === 'link') return { kind: 'link', path: found.path, target: found.target };
  const { path, executable, size, mark } = found;
  return { kind: 'file', path, executable, size, fingerprint: `dir:${mark}` as Fingerprint };
}
