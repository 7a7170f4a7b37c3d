import { readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { MissingError, RefusedError } from '../../failure/failure.ts';
import { lazyCrypto } from '../../platform/lazy-crypto.ts';
import type { Log } from '../../platform/log.ts';
import { gitRemote } from '../../settings/git-remote.ts';
import type { Entry, RelativePath } from '../../snapshot/entry.ts';
import { bringCommit } from './bring.ts';
import { CloneSlot } from './clone-slot.ts';
import { ObjectReader, type ReadableClone } from './object-reader.ts';
import { urlForGit } from './places.ts';
import { type Reading, readCommit } from './read-commit.ts';
import { Remote, type RemoteOptions } from './remote.ts';
import type { Selection } from './selection.ts';
import { resolveSubmoduleUrl, type Submodule } from './submodule-urls.ts';
import { noPath } from './tree.ts';

export interface SubmodulesOptions {
  readonly remote: Omit<RemoteOptions, 'repo' | 'address'>;
  readonly mode: 'off' | 'shallow' | 'recursive';
  readonly selection: Selection;
  /** The slots of earlier snapshots, by directory: what is known of a clone must not be forgotten. */
  readonly known: Map<string, CloneSlot>;
  readonly log: Log;
  readonly signal: AbortSignal;
  readable(directory: string): ReadableClone;
}

/** A repository whose submodules are taken. */
export interface Parent {
  readonly url: string;
  readonly reading: Reading;
  /** In how many others it is. */
  readonly depth: number;
}

/** A commit of another repository, and where it stands. */
interface Mount {
  /** In the repository that names it. */
  readonly within: string;
  readonly oid: string;
  /** In front of its paths in the set. */
  readonly mount: string;
  /** What of it is taken. */
  readonly root: readonly string[];
}

/** Submodules in submodules beyond this are a circle. */
const deepest = 16;

/** Takes submodules without a work tree: each in a clone of its own, its entries below the path where it stands. */
export class Submodules {
  readonly entries: Entry[] = [];
  /** Whose clone holds a file; those of the main repository are not named. */
  readonly slots = new Map<RelativePath, CloneSlot>();
  readonly #options: SubmodulesOptions;
  readonly #used = new Set<string>();
  readonly #skipped: string[] = [];

  constructor(options: SubmodulesOptions) {
    this.#options = options;
  }

  /** Where submodules were left out, by their paths in the set. */
  get skipped(): readonly string[] {
    return this.#skipped;
  }

  async take(parent: Parent): Promise<void> {
    for (const mount of this.#mountsOf(parent)) {
      const submodule = parent.reading.submodules.find(({ path }) => path === mount.within);
      if (submodule === undefined) throw undescribed(mount.within);
      await this.#takeOne(submodule, mount, parent);
    }
  }

  /** Removes the clones of submodules that are no more. */
  async removeUnused(): Promise<void> {
    const { modules } = this.#options.remote.places;
    const names = await readdir(modules).catch(() => []);
    const unused = names.filter((name) => !this.#used.has(name));
    for (const name of unused) this.#options.known.delete(join(modules, name));
    await Promise.all(unused.map((name) => rm(join(modules, name), { recursive: true, force: true })));
  }

  #mountsOf({ reading, depth }: Parent): readonly Mount[] {
    const { mode } = this.#options;
    const taken = mode === 'recursive' || (mode === 'shallow' && depth === 0);
    const { root, gitlinks } = reading;
    if (root.kind === 'gitlink') {
      if (!taken) throw noPath([root.path, ...root.rest], 'leads into a submodule, which is not taken');
      return [{ within: root.path, oid: root.oid, mount: '', root: root.rest }];
    }
    if (taken) return gitlinks.map((link) => ({ ...link, mount: `${link.path}/`, root: [] }));
    this.#skipped.push(...gitlinks.map(({ path }) => path));
    return [];
  }

  async #takeOne(submodule: Submodule, { oid, mount, root }: Mount, parent: Parent): Promise<void> {
    if (parent.depth >= deepest) throw tooDeep(submodule.path);
    const { signal, selection, remote: options } = this.#options;
    const { settings, main } = options;
    const url = resolveSubmoduleUrl(submodule, parent.url, urlForGit(main));
    const repo = gitRemote.parse(url);
    if (repo === undefined) throw undescribed(submodule.path);
    await using remote = new Remote({ ...options, repo, address: 'WHERRY_GIT_SUBMODULES' });
    const slot = this.#slotFor(url, mount, oid);
    const missing = () => noSuchCommit(submodule.path, oid, repo.display);
    const reading = await slot.use(async (clone) => {
      await bringCommit(remote, oid, missing, { clone, depth: settings.gitDepth, partial: false, signal });
      const readable = this.#options.readable(clone.directory);
      await using reader = new ObjectReader(readable, 'objects', signal);
      return await readCommit(reader, {
        clone: readable,
        selection,
        root,
        mount,
        maxFiles: settings.maxFiles,
        withSubmodules: this.#options.mode === 'recursive',
        partial: false,
        bringBlobs: async () => undefined,
        signal,
      });
    });
    this.#used.add(basename(slot.directory));
    this.entries.push(...reading.entries);
    for (const entry of reading.entries) if (entry.kind === 'file') this.slots.set(entry.path, slot);
    await this.take({ url: remote.url, reading, depth: parent.depth + 1 });
  }

  #slotFor(url: string, mount: string, oid: string): CloneSlot {
    const { remote, known, log } = this.#options;
    const digest = lazyCrypto().createHash('sha256').update(`${url}\0${mount}`).digest('hex').slice(0, 16);
    const directory = join(remote.places.modules, digest);
    const slot = known.get(directory) ?? new CloneSlot(directory, oid.length === 64 ? 'sha256' : 'sha1', log);
    known.set(directory, slot);
    return slot;
  }
}

function undescribed(path: string): RefusedError {
  return new RefusedError({
    setting: 'WHERRY_GIT_SUBMODULES',
    problem: `.gitmodules does not tell where the submodule ${JSON.stringify(path)} comes from`,
    cure: 'add it there, or leave it out with WHERRY_EXCLUDE',
  });
}

function tooDeep(path: string): RefusedError {
  return new RefusedError({
    setting: 'WHERRY_GIT_SUBMODULES',
    problem: `${JSON.stringify(path)} is a submodule in more than ${deepest} others`,
    cure: 'set WHERRY_GIT_SUBMODULES to shallow',
  });
}

function noSuchCommit(path: string, oid: string, display: string): MissingError {
  return new MissingError({
    setting: 'WHERRY_GIT_SUBMODULES',
    problem: `the commit ${oid} of the submodule ${JSON.stringify(path)} is not in ${display}`,
    cure: 'push it there',
  });
}
