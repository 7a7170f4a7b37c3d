import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { SettingsError, UnreachableError } from '../../failure/failure.ts';
import type { Log } from '../../platform/log.ts';
import type { GitRemote } from '../../settings/git-remote.ts';
import type { Settings } from '../../settings/schema.ts';
import type { FileEntry, RelativePath, Revision, Snapshot } from '../../snapshot/entry.ts';
import type { FileSink, Probe, Source } from '../source.ts';
import { copyBlobs, missingOf, oidOf } from './blobs.ts';
import { bringCommit, bringRef, noCommit } from './bring.ts';
import { type Clone, CloneSlot } from './clone-slot.ts';
import { DamageError } from './damage.ts';
import { gitEnvironment } from './environment.ts';
import { fetchBlobs } from './fetch.ts';
import { type GitPlaces, gitPlaces, urlForGit } from './places.ts';
import { prepare, removeLeftovers } from './preparation.ts';
import { parseWanted, type Resolved, type Wanted } from './refs.ts';
import { Remote } from './remote.ts';
import { type Selection, selectionOf } from './selection.ts';
import { byPath, type Reading, readCommit } from './snapshotter.ts';

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

class GitSource implements Source {
  readonly description: string;
  readonly #options: GitSourceOptions;
  readonly #repo: GitRemote;
  readonly #wanted: Wanted;
  readonly #places: GitPlaces;
  readonly #slot: CloneSlot;
  #ready: Promise<Ready> | undefined;
  #resolved: Resolved | undefined;
  #taken: Reading | undefined;

  constructor(options: GitSourceOptions, repo: GitRemote) {
    const { settings, stateDir, log } = options;
    this.#options = options;
    this.#repo = repo;
    this.#wanted = parseWanted(settings.gitRef);
    this.#places = gitPlaces(stateDir);
    const digest = createHash('sha256').update(urlForGit(repo)).digest('hex').slice(0, 16);
    const format = this.#wanted.kind === 'commit' && this.#wanted.revision.length === 64 ? 'sha256' : 'sha1';
    this.#slot = new CloneSlot(join(this.#places.root, `repo-${digest}`), format, log);
    this.description = `${repo.display} ${settings.gitRef}`;
  }

  async probe(previous: Revision | undefined, signal: AbortSignal): Promise<Probe> {
    const revision = await this.#look(signal);
    return revision === previous ? { kind: 'unchanged' } : { kind: 'moved', revision };
  }

  async snapshot(signal: AbortSignal): Promise<Snapshot> {
    const ready = await this.#prepared();
    const reading = await this.#slot.use((clone) => this.#take(clone, ready, signal));
    this.#taken = reading;
    return { revision: reading.commit, entries: reading.entries.toSorted(byPath) };
  }

  async write(files: readonly FileEntry[], sink: FileSink, signal: AbortSignal): Promise<void> {
    const begun = new Set<RelativePath>();
    const pointers = new Set<RelativePath>();
    const copy = () => this.#copy(files, sink, signal, begun, pointers);
    try {
      await copy();
    } catch (error) {
      if (!(error instanceof DamageError)) throw error;
      await this.#replaceDamaged(error, signal);
      await copy();
    }
    this.#warnOfPointers(pointers);
  }

  async watch(): Promise<AsyncDisposable | undefined> {
    return undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
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
    const { settings, env, log } = this.#options;
    await prepare(this.#places);
    await removeLeftovers(this.#places.root, new Set([this.#slot.directory.split('/').at(-1) ?? '']));
    const remote = await Remote.create({
      settings,
      repo: this.#repo,
      ambient: env,
      places: this.#places,
      log,
    });
    return { remote, selection: await selectionOf(settings) };
  }

  async #look(signal: AbortSignal): Promise<Revision> {
    if (this.#wanted.kind === 'commit') return this.#taken?.commit ?? this.#wanted.revision;
    const { remote } = await this.#prepared();
    this.#resolved = await remote.resolve(this.#wanted, signal);
    return this.#resolved.revision;
  }

  async #take(clone: Clone, ready: Ready, signal: AbortSignal): Promise<Reading> {
    await this.#bring(clone, ready, signal);
    return await readCommit({
      clone,
      env: this.#readingEnvironment(clone.directory),
      selection: ready.selection,
      mount: '',
      maxFiles: this.#options.settings.maxFiles,
      signal,
      bringBlobs: (oids) => this.#bringBlobs(oids, clone, ready, signal),
    });
  }

  async #bring(clone: Clone, { remote, selection }: Ready, signal: AbortSignal): Promise<void> {
    const fetching = { clone, depth: this.#options.settings.gitDepth, partial: selection.partial, signal };
    if (this.#wanted.kind === 'commit') {
      const oid = this.#wanted.revision;
      await using session = await remote.session();
      const missing = () => noCommit(oid, remote.asked.display);
      await bringCommit(oid, remote.asked, missing, { ...fetching, session });
    } else await bringRef(remote, this.#wanted, this.#resolved?.ref, fetching);
  }

  async #bringBlobs(oids: readonly string[], clone: Clone, { remote }: Ready, signal: AbortSignal) {
    await using session = await remote.session();
    await fetchBlobs(oids, { session, clone, signal });
  }

  async #copy(
    files: readonly FileEntry[],
    sink: FileSink,
    signal: AbortSignal,
    begun: Set<RelativePath>,
    pointers: Set<RelativePath>,
  ): Promise<void> {
    const ready = await this.#prepared();
    const env = this.#readingEnvironment(this.#slot.directory);
    const left = files.filter(({ path }) => !begun.has(path));
    if (ready.selection.partial) {
      const missing = await missingOf([...new Set(left.map(oidOf))], env, signal);
      const clone = { directory: this.#slot.directory, fresh: false, shallow: false, packs: 0 };
      if (missing.length > 0) await this.#bringBlobs(missing, clone, ready, signal);
    }
    await copyBlobs(left, {
      env,
      sink,
      signal,
      onBegin: ({ path }) => begun.add(path),
      onPointer: ({ path }) => pointers.add(path),
    });
  }

  /** The same revision again, from a new clone; what was written of it stays valid. */
  async #replaceDamaged(damage: DamageError, signal: AbortSignal): Promise<void> {
    const wanted = this.#taken?.commit;
    this.#slot.distrust(damage);
    const { revision } = await this.snapshot(signal);
    if (revision === wanted) return;
    throw new UnreachableError({
      setting: 'WHERRY_GIT_REPO',
      problem: `${this.#repo.display} moved while its clone was renewed`,
      cure: 'it is tried again',
      cause: damage,
    });
  }

  #readingEnvironment(gitDir: string): Record<string, string> {
    const { env } = this.#options;
    return gitEnvironment({ ambient: env, configFile: this.#places.configFile, schemes: [], gitDir });
  }

  #warnOfPointers(pointers: ReadonlySet<RelativePath>): void {
    if (pointers.size === 0) return;
    const paths = [...pointers].slice(0, 20);
    this.#options.log.warn(
      { paths, count: pointers.size },
      'these files are Git LFS pointers, not the contents that they stand for',
    );
  }
}
