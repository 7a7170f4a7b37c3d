import { SettingsError, UnreachableError } from '../../failure/failure.ts';
import type { Log } from '../../platform/log.ts';
import type { GitRemote } from '../../settings/git-remote.ts';
import type { Settings } from '../../settings/schema.ts';
import type { FileEntry, RelativePath, Revision, Snapshot } from '../../snapshot/entry.ts';
import type { FileSink } from '../../snapshot/file-sink.ts';
import type { Probe, Source } from '../source.ts';
import { copyBlobs, oidOf } from './blobs.ts';
import type { CloneSlot } from './clone-slot.ts';
import { Copying } from './copying.ts';
import { DamageError } from './damage.ts';
import { gitEnvironment } from './environment.ts';
import type { LocalWatch } from './local-watch.ts';
import { MainClone, type Origin } from './main-clone.ts';
import type { ReadableClone } from './object-reader.ts';
import { type GitPlaces, gitPlaces, urlForGit } from './places.ts';
import { prepare, removeLeftovers } from './preparation.ts';
import type { Reading } from './read-commit.ts';
import { parseWanted, type Resolved, type Wanted } from './refs.ts';
import { Remote, type RemoteOptions } from './remote.ts';
import { selectionOf } from './selection.ts';
import { Submodules } from './submodules.ts';

export interface GitSourceOptions {
  readonly settings: Settings;
  /** Private to this program; made before the first call. Everything of the source lies below its `git/`. */
  readonly stateDir: string;
  readonly env: NodeJS.ProcessEnv;
  readonly log: Log;
}

/** The Git source of the settings. Nothing is touched before the first call. */
export function createGitSource(options: GitSourceOptions): GitSource {
  const { gitRepo } = options.settings;
  if (gitRepo === undefined) {
    throw new SettingsError({ setting: 'WHERRY_GIT_REPO', problem: 'required with WHERRY_SOURCE=git' });
  }
  return new GitSource(options, gitRepo);
}

/** For more, a `git cat-file` that buffers what it writes is worth its start. */
const fewFiles = 1000;

/** The last snapshot, as far as its contents are concerned. */
interface Taken {
  readonly revision: Revision;
  /** Whose clone holds a file that is not the main repository's. */
  readonly slots: ReadonlyMap<RelativePath, CloneSlot>;
}

export class GitSource implements Source {
  readonly description: string;
  readonly #options: GitSourceOptions;
  readonly #repo: GitRemote;
  readonly #wanted: Wanted;
  readonly #places: GitPlaces;
  readonly #clone: MainClone;
  readonly #moduleSlots = new Map<string, CloneSlot>();
  #origin: Promise<Origin> | undefined;
  #resolved: Resolved | undefined;
  #taken: Taken | undefined;
  #watch: LocalWatch | undefined;
  #toldSubmodules = false;

  constructor(options: GitSourceOptions, repo: GitRemote) {
    const { settings, stateDir, log } = options;
    this.#options = options;
    this.#repo = repo;
    this.#wanted = parseWanted(settings.gitRef);
    this.#places = gitPlaces(stateDir);
    this.#clone = new MainClone({
      settings,
      places: this.#places,
      url: urlForGit(repo),
      wanted: this.#wanted,
      log,
      readable: (directory) => this.#readable(directory),
    });
    this.description = `${repo.display} ${settings.gitRef}`;
  }

  async probe(previous: Revision | undefined, signal: AbortSignal): Promise<Probe> {
    this.#clone.idle();
    const revision = await this.#look(signal);
    if (revision !== previous) return { kind: 'moved', revision };
    if (this.#taken !== undefined) await this.#clone.tidy(await this.#prepared(), signal);
    return { kind: 'unchanged' };
  }

  async snapshot(signal: AbortSignal): Promise<Snapshot> {
    const origin = await this.#prepared();
    const { hasBegun } = this.#clone;
    // A probe leaves the clones alone: another process may be at work on them.
    const clean = () => removeLeftovers(this.#places, this.#clone.name);
    // Whatever happened to the state directory since.
    if (this.#taken !== undefined) await prepare(this.#places);
    else if (!hasBegun) await clean();
    const reading = await this.#clone.take(origin, this.#resolved?.ref, signal);
    if (hasBegun) await clean();
    const submodules = await this.#takeSubmodules(reading, origin, signal);
    this.#taken = { revision: reading.commit, slots: submodules.slots };
    return { revision: reading.commit, entries: [...reading.entries, ...submodules.entries] };
  }

  /** Begins with the first snapshot before it is asked for, while there is no clone yet. Never rejects. */
  async begin(): Promise<void> {
    await this.#prepared()
      .then((origin) => this.#clone.begin(origin))
      .catch(() => undefined);
  }

  async write(files: readonly FileEntry[], sink: FileSink, signal: AbortSignal): Promise<void> {
    const copying = new Copying(files);
    try {
      await this.#copy(copying, sink, signal);
    } catch (error) {
      if (!(error instanceof DamageError)) throw error;
      await this.#renewClones(error, copying, signal);
      await this.#copy(copying, sink, signal).catch((again: unknown) => {
        throw again instanceof DamageError ? this.#damaged(again) : again;
      });
    }
    copying.warnOfPointers(this.#options.log);
  }

  async watch(onChange: () => void): Promise<AsyncDisposable | undefined> {
    if (this.#repo.transport !== 'file' || this.#wanted.kind === 'commit') return undefined;
    const { LocalWatch } = await import('./local-watch.ts');
    const watch = new LocalWatch(this.#repo.path, this.#wanted.candidates, onChange, this.#options.log);
    this.#watch = watch;
    // Until there is a repository, each probe tries again.
    await watch.ensure().catch(() => undefined);
    return watch;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#clone[Symbol.asyncDispose]();
    await this.#watch?.[Symbol.asyncDispose]();
    const origin = await this.#origin?.catch(() => undefined);
    await origin?.remote[Symbol.asyncDispose]();
  }

  async #prepared(): Promise<Origin> {
    this.#origin ??= this.#prepare();
    try {
      return await this.#origin;
    } catch (error) {
      this.#origin = undefined;
      throw error;
    }
  }

  async #prepare(): Promise<Origin> {
    const { settings, log } = this.#options;
    await prepare(this.#places);
    if (this.#repo.transport === 'ssh' && settings.gitSshHostKeyCheck === 'off') {
      log.warn({}, 'WHERRY_GIT_SSH_HOST_KEY_CHECK is off: anybody on the way can stand in for the host');
    }
    const remote = new Remote({ ...this.#remoteOptions(), repo: this.#repo, address: 'WHERRY_GIT_REPO' });
    return { remote, selection: await selectionOf(settings) };
  }

  /** Which revision is there now? A commit is known without a look. */
  async #look(signal: AbortSignal): Promise<Revision> {
    if (this.#wanted.kind === 'commit') return this.#taken?.revision ?? this.#wanted.revision;
    await this.#watch?.ensure().catch(() => undefined);
    const { remote } = await this.#prepared();
    this.#resolved = await remote.resolve(this.#wanted, signal);
    return this.#resolved.revision;
  }

  async #takeSubmodules(reading: Reading, { remote, selection }: Origin, signal: AbortSignal) {
    const { settings, log } = this.#options;
    const submodules = new Submodules({
      remote: this.#remoteOptions(),
      mode: settings.gitSubmodules,
      selection,
      known: this.#moduleSlots,
      log,
      signal,
      readable: (directory) => this.#readable(directory),
    });
    await submodules.take({ url: remote.url, reading, depth: 0 });
    await submodules.removeUnused();
    if (submodules.skipped.length > 0 && !this.#toldSubmodules) {
      this.#toldSubmodules = true;
      const fields = { paths: submodules.skipped, setting: 'WHERRY_GIT_SUBMODULES' };
      log.warn(fields, 'these submodules are not taken');
    }
    return submodules;
  }

  /** Writes what is left, clone by clone. */
  async #copy(copying: Copying, sink: FileSink, signal: AbortSignal): Promise<void> {
    const origin = await this.#prepared();
    const { slot: main } = this.#clone;
    const bySlot = Map.groupBy(copying.left, ({ path }) => this.#taken?.slots.get(path) ?? main);
    for (const [slot, files] of bySlot) {
      try {
        if (slot === main) await this.#clone.complete(files.map(oidOf), origin, signal);
        const isQuick = slot === main && files.length <= fewFiles;
        await copyBlobs(files, {
          clone: this.#readable(slot.directory),
          spare: isQuick ? this.#clone.takeReader(signal) : undefined,
          sink: copying.into(sink),
          signal,
          onPointer: (file) => copying.notePointer(file),
        });
      } catch (error) {
        if (error instanceof DamageError) slot.distrust(error);
        throw error;
      }
    }
  }

  /** The same revision again, from new clones; what was written of it stays valid. */
  async #renewClones(damage: DamageError, copying: Copying, signal: AbortSignal): Promise<void> {
    const wanted = this.#taken?.revision;
    const { revision } = await this.snapshot(signal);
    if (revision !== wanted || !copying.canGoOn) throw this.#damaged(damage);
  }

  #damaged(damage: DamageError): UnreachableError {
    return new UnreachableError({
      setting: 'WHERRY_GIT_REPO',
      problem: `the local clone of ${this.#repo.display} was damaged: ${damage.message}`,
      cure: 'a new one is made at the next try',
      cause: damage,
    });
  }

  #remoteOptions(): Omit<RemoteOptions, 'repo' | 'address'> {
    const { settings, env, log } = this.#options;
    return { settings, main: this.#repo, ambient: env, places: this.#places, log };
  }

  #readable(directory: string): ReadableClone {
    const { env: ambient } = this.#options;
    const { configFile } = this.#places;
    return { directory, env: gitEnvironment({ ambient, configFile, schemes: [], gitDir: '.' }) };
  }
}
