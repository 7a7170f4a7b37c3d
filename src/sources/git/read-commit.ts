import { MissingError } from '../../failure/failure.ts';
import type { Entry, Revision } from '../../snapshot/entry.ts';
import { missingOf } from './blobs.ts';
import { DamageError } from './damage.ts';
import { type GitmodulesOptions, readGitmodules } from './gitmodules.ts';
import type { ObjectReader } from './object-reader.ts';
import { readCurrent } from './repository.ts';
import type { Selection } from './selection.ts';
import type { Submodule } from './submodule-urls.ts';
import { findRoot, type Gitlink, type Listing, listTree, type Root, readLinks } from './tree.ts';

/** What a commit of a clone holds of the set. */
export interface Reading {
  readonly commit: Revision;
  readonly root: Root;
  readonly entries: readonly Entry[];
  readonly gitlinks: readonly Gitlink[];
  /** What `.gitmodules` says, when there are submodules that are taken. */
  readonly submodules: readonly Submodule[];
}

export interface ReadOptions extends GitmodulesOptions {
  readonly selection: Selection;
  /** The part of the repository that is taken, by the elements of its path. */
  readonly root: readonly string[];
  readonly mount: string;
  readonly maxFiles: number;
  /** Whether to look up where submodules come from. */
  readonly withSubmodules: boolean;
}

/** Lists what the clone's current commit holds, by one `git cat-file`. */
export async function readCommit(reader: ObjectReader, options: ReadOptions): Promise<Reading> {
  const { clone } = options;
  const current = await readCurrent(clone.directory);
  if (current === undefined) throw new DamageError('its ref is missing');
  const { commit, tree } = await peel(reader, current);
  const root = await findRoot(reader, tree, options.root);
  const listing = await listTree(reader, root, options);
  const links = await readLinksOf(reader, listing, options);
  const hasSubmodules = root.kind === 'gitlink' || listing.gitlinks.length > 0;
  const submodules =
    hasSubmodules && options.withSubmodules ? await readGitmodules(reader, tree, options) : [];
  const { gitlinks } = listing;
  return { commit, root, entries: [...listing.entries, ...links], gitlinks, submodules };
}

async function peel(
  reader: ObjectReader,
  oid: string,
): Promise<{ readonly commit: Revision; readonly tree: string }> {
  reader.ask([`${oid}^{commit}`]);
  const head = await reader.head();
  if (head === undefined) {
    reader.ask([oid]);
    const itself = await reader.head();
    if (itself === undefined) throw new DamageError(`the object ${oid} is missing`);
    throw new MissingError({
      setting: 'WHERRY_GIT_REF',
      problem: `it leads to a ${itself.type}, not to a commit`,
      cure: 'name a branch, tag or commit',
    });
  }
  const text = (await reader.content(head)).toString('latin1');
  const tree = /^tree ([0-9a-f]+)\n/.exec(text)?.[1];
  if (tree === undefined) throw new DamageError(`the commit ${head.oid} has no tree`);
  return { commit: head.oid as Revision, tree };
}

async function readLinksOf(
  reader: ObjectReader,
  { links }: Listing,
  { partial, clone, signal, bringBlobs }: ReadOptions,
): Promise<Entry[]> {
  if (links.length > 0 && partial) {
    const missing = await missingOf([...new Set(links.map(({ oid }) => oid))], clone, signal);
    if (missing.length > 0) await bringBlobs(missing);
  }
  return readLinks(reader, links);
}
