import { createHash } from 'node:crypto';
import { basename, join } from 'node:path';
import { MissingError, SettingsError, UnreachableError } from '../../failure/failure.ts';
import type { Log } from '../../platform/log.ts';
import type { GitRemote } from '../../settings/git-remote.ts';
import type { Settings } from '../../settings/schema.ts';
import type { Entry, FileEntry, RelativePath, Revision, Snapshot } from '../../snapshot/entry.ts';
import type { FileSink, Probe, Source } from '../source.ts';
import { copyBlobs, missingOf, oidOf } from './blobs.ts';
import { bringBlobs, bringCommit, bringRef } from './bring.ts';
import { type Clone, CloneSlot } from './clone-slot.ts';
import { Copying } from './copying.ts';
import { DamageError, StartOver } from './damage.ts';
import { gitEnvironment } from './environment.ts';
import { checkPileUp, tidy, untidyFrom } from './housekeeping.ts';
import type { LocalWatch } from './local-watch.ts';
import { type GitPlaces, gitPlaces, urlForGit } from './places.ts';
import { prepare, removeLeftovers } from './preparation.ts';
import { type Reading, readCommit } from './read-commit.ts';
import { parseWanted, type Resolved, type Wanted } from './refs.ts';
import { Remote, type RemoteOptions } from './remote.ts';
import { type Selection, selectionOf } from './selection.ts';
import { Submodules } from './submodules.ts';

export interface GitSourceOptions {
  readonly settings: Settings;
  /** Private to this program; made before the first call. Everything of the source lies below its `git/`. */
  readonly stateDir: string;
  readonly env: NodeJS.ProcessEnv;
  readonly log: Log;
}

/** The Git source of the settings. Nothing is touched before the first call. */
export function createGitSource(options: GitSourceOptions): Source {
  const { gitRepo } = options.settings;
  if (gitRepo === undefined) {
    throw new SettingsError({ setting: 'WHERRY_GIT_REPO', problem: 'required with WHERRY_SOURCE=git' });
  }
  return new GitSource(options, gitRepo);
}

/** What the first call makes, and the later ones use. */
interface Ready {
  readonly remote: Remote;
  readonly selection: Selection;
}

/** The last snapshot, as far as its contents are concerned. */
interface Taken {
  readonly revision: Revision;
  /** Whose clone holds a file that is not the main repository's. */
  readonly slots: ReadonlyMap<RelativePath, CloneSlot>;
}

class GitSource implements Source {
  readonly description: string;
  readonly #options: GitSourceOptions;
  readonly #remoteOptions: Omit<RemoteOptions, 'repo' | 'address'> & { readonly main: GitRemote };
  readonly #wanted: Wanted;
  readonly #places: GitPlaces;
  readonly #slot: CloneSlot;
  #ready: Promise<Ready> | undefined;
  #resolved: Resolved | undefined;
  #taken: Taken | undefined;
  #packs = 0;
  #watch: LocalWatch | undefined;
  #toldSubmodules = false;
  /** The server leaves contents out, but does not give them later. */
  #wholeOnly = false;
  readonly #moduleSlots = new Map<string, CloneSlot>();

  constructor({ settings, stateDir, env, log }: GitSourceOptions, repo: GitRemote) {
    this.#options = { settings, stateDir, env, log };
    this.#wanted = parseWanted(settings.gitRef);
    this.#places = gitPlaces(stateDir);
    this.#remoteOptions = { settings, main: repo, ambient: env, places: this.#places, log };
    const digest = createHash('sha256').update(urlForGit(repo)).digest('hex').slice(0, 16);
    const isSha256 = this.#wanted.kind === 'commit' && this.#wanted.revision.length === 64;
    const directory = join(this.#places.root, `repo-${digest}`);
    this.#slot = new CloneSlot(directory, isSha256 ? 'sha256' : 'sha1', log);
    this.description = `${repo.display} ${settings.gitRef}`;
  }

  async probe(previous: Revision | undefined, signal: AbortSignal): Promise<Probe> {
    await this.#watch?.ensure().catch(() => undefined);
    const revision = await this.#look(signal);
    if (revision !== previous) return { kind: 'moved', revision };
    if (this.#packs >= untidyFrom) await this.#tidy(signal);
    return { kind: 'unchanged' };
  }

  async snapshot(signal: AbortSignal): Promise<Snapshot> {
    const ready = await this.#prepared();
    await prepare(this.#places);
    const reading = await this.#slot.use((clone) => this.#take(clone, ready, signal));
    const submodules = await this.#takeSubmodules(reading, ready, signal);
    this.#taken = { revision: reading.commit, slots: submodules.slots };
    const entries: readonly Entry[] = [...reading.entries, ...submodules.entries];
    return { revision: reading.commit, entries };
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
    const { main } = this.#remoteOptions;
    if (main.transport !== 'file' || this.#wanted.kind === 'commit') return undefined;
    const { LocalWatch } = await import('./local-watch.ts');
    const watch = new LocalWatch(main.path, this.#wanted.candidates, onChange, this.#options.log);
    this.#watch = watch;
    // Until there is a repository, each probe tries again.
    await watch.ensure().catch(() => undefined);
    return watch;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#watch?.[Symbol.asyncDispose]();
    const ready = await this.#ready?.catch(() => undefined);
    await ready?.remote[Symbol.asyncDispose]();
  }

  async #prepared(): Promise<Ready> {
    this.#ready ??= this.#prepare();
    try {
      return await this.#ready;
    } catch (error) {
      this.#ready = undefined;
      throw error;
    }
  }

  async #prepare(): Promise<Ready> {
    const { settings, log } = this.#options;
    await prepare(this.#places);
    await removeLeftovers(this.#places, basename(this.#slot.directory));
    if (this.#remoteOptions.main.transport === 'ssh' && settings.gitSshHostKeyCheck === 'off') {
      log.warn({}, 'WHERRY_GIT_SSH_HOST_KEY_CHECK is off: anybody on the way can stand in for the host');
    }
    const { main } = this.#remoteOptions;
    const remote = await Remote.create({ ...this.#remoteOptions, repo: main, address: 'WHERRY_GIT_REPO' });
    return { remote, selection: await selectionOf(settings) };
  }

  /** Which revision is there now? A commit is known without a look. */
  async #look(signal: AbortSignal): Promise<Revision> {
    if (this.#wanted.kind === 'commit') return this.#taken?.revision ?? this.#wanted.revision;
    const { remote } = await this.#prepared();
    this.#resolved = await remote.resolve(this.#wanted, signal);
    return this.#resolved.revision;
  }

  async #take(clone: Clone, ready: Ready, signal: AbortSignal): Promise<Reading> {
    const { settings } = this.#options;
    checkPileUp(clone);
    await this.#bring(clone, ready, signal);
    this.#packs = clone.packs + 1;
    return readCommit({
      clone,
      env: this.#readingEnvironment(clone.directory),
      selection: ready.selection,
      root: ready.selection.root,
      mount: '',
      maxFiles: settings.maxFiles,
      withSubmodules: settings.gitSubmodules !== 'off',
      partial: this.#isPartial(ready),
      bringBlobs: (oids) => this.#bringBlobs(oids, clone.directory, ready, signal),
      signal,
    });
  }

  async #bring(clone: Clone, ready: Ready, signal: AbortSignal): Promise<void> {
    const { remote } = ready;
    const { gitDepth } = this.#options.settings;
    const options = { clone, depth: gitDepth, partial: this.#isPartial(ready), signal };
    if (this.#wanted.kind === 'commit') {
      const { revision } = this.#wanted;
      await bringCommit(remote, revision, () => noCommit(revision, remote.asked.display), options);
    } else await bringRef(remote, this.#wanted, this.#resolved?.ref, options);
  }

  async #bringBlobs(
    oids: readonly string[],
    directory: string,
    { remote }: Ready,
    signal: AbortSignal,
  ): Promise<void> {
    const refused = () => {
      this.#wholeOnly = true;
      return new StartOver('the server gives no contents by name', { otherFormat: false });
    };
    await bringBlobs(remote, oids, refused, { directory, signal });
  }

  #isPartial({ selection }: Ready): boolean {
    return selection.partial && !this.#wholeOnly;
  }

  async #takeSubmodules(reading: Reading, { remote, selection }: Ready, signal: AbortSignal) {
    const { settings, log } = this.#options;
    const submodules = new Submodules({
      remote: this.#remoteOptions,
      mode: settings.gitSubmodules,
      selection,
      known: this.#moduleSlots,
      log,
      signal,
      environment: (gitDir) => this.#readingEnvironment(gitDir),
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
    const ready = await this.#prepared();
    const bySlot = Map.groupBy(copying.left, ({ path }) => this.#taken?.slots.get(path) ?? this.#slot);
    for (const [slot, files] of bySlot) {
      const env = this.#readingEnvironment(slot.directory);
      try {
        if (slot === this.#slot && this.#isPartial(ready)) {
          const missing = await missingOf([...new Set(files.map(oidOf))], env, signal);
          if (missing.length > 0) await this.#bringBlobs(missing, slot.directory, ready, signal);
        }
        const onPointer = (file: FileEntry) => copying.notePointer(file);
        await copyBlobs(files, { env, sink: copying.into(sink), signal, onPointer });
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
    if (revision === wanted && copying.canGoOn) return;
    throw this.#damaged(damage);
  }

  #damaged(damage: DamageError): UnreachableError {
    return new UnreachableError({
      setting: 'WHERRY_GIT_REPO',
      problem: `the local clone of ${this.#remoteOptions.main.display} was damaged: ${damage.message}`,
      cure: 'a new one is made at the next try',
      cause: damage,
    });
  }

  async #tidy(signal: AbortSignal): Promise<void> {
    const ready = await this.#prepared();
    const { directory } = this.#slot;
    try {
      // git keeps all that a partial clone ever got; a new clone does not.
      if (this.#isPartial(ready)) throw new DamageError(`it has grown to ${this.#packs} packs`);
      await tidy(directory, this.#readingEnvironment(directory), signal);
    } catch (error) {
      signal.throwIfAborted();
      this.#slot.distrust(
        error instanceof DamageError ? error : new DamageError('it cannot be tidied', error),
      );
    }
    this.#packs = 0;
  }

  #readingEnvironment(gitDir: string): Record<string, string> {
    const { env } = this.#options;
    return gitEnvironment({ ambient: env, configFile: this.#places.configFile, schemes: [], gitDir });
  }
}

function noCommit(oid: string, display: string): MissingError {
  return new MissingError({
    setting: 'WHERRY_GIT_REF',
    problem: `the commit ${oid} is not in ${display}`,
    cure: 'push it, or name another one',
  });
}
